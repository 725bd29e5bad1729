from __future__ import annotations

from django.apps import AppConfig


class ChannelsCeleryConfig(AppConfig):
    """The library as one Django app."""

    name = "channels_celery"
    label = "channels_celery"
    verbose_name = "Background channels"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Find every app's channels and rules, in web and worker processes alike."""
        from .jobs import discovery, django_tasks, mirror, worker

        mirror.remember_app()
        discovery.discover()
        django_tasks.register()
        worker.connect()
        # Importing registers them.
        from . import broker_checks, checks, layer_checks, project_checks  # noqa: F401
        from .topics import rechecking  # noqa: F401
