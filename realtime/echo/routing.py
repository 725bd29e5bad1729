from __future__ import annotations

from django.urls import path

from .consumers import EchoConsumer

websocket_urlpatterns = [path("chat/", EchoConsumer.as_asgi())]
