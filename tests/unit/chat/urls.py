from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("chat/", include("realtime.chat.urls")),
    path("accounts/", include("config.accounts")),
]
