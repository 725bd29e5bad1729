from __future__ import annotations

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """Rooms in which people write to each other, live."""

    name = "realtime.chat"
    label = "chat"
    verbose_name = "Chat"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import adoption

        adoption.connect()
