from __future__ import annotations

from typing import Any

from django.urls import path

from .consumers import EchoConsumer

# Django's stubs know only views; Channels' router takes ASGI applications.
_to: Any = path

websocket_urlpatterns = [_to("chat/", EchoConsumer.as_asgi())]
