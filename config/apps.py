from __future__ import annotations

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """The site's wiring: checks, the frame of every page, `manage.py up`."""

    name = "config"
    label = "config"

    def ready(self) -> None:
        from . import checks  # noqa: F401 - registers them
