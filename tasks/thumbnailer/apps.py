from __future__ import annotations

from django.apps import AppConfig


class ThumbnailerConfig(AppConfig):
    """Upload images and watch their thumbnails appear."""

    name = "tasks.thumbnailer"
    label = "thumbnailer"
    verbose_name = "Thumbnailer"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import adoption, checks, warming  # noqa: F401 - checks register themselves

        adoption.connect()
        warming.connect()
