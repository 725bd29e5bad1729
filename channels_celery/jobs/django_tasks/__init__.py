"""A backend for Django's tasks: `@task` functions as jobs of the ledger, with its promises.

`TASKS = {"default": {"BACKEND": "channels_celery.jobs.django_tasks.LedgerBackend"}}`
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from .backend import LedgerBackend
    from .tasks import JobContext

__all__ = ["JobContext", "LedgerBackend"]

BACKEND = f"{__name__}.LedgerBackend"


def register() -> None:
    """Register the channels of every alias that uses the backend, in web and worker processes."""
    given: dict[str, dict[str, Any]] = getattr(settings, "TASKS", None) or {}
    for alias, params in given.items():
        if params.get("BACKEND") == BACKEND:
            from .framework import task_backends

            # Made by being asked for.
            task_backends[alias]


# The framework is imported when a project uses it: Django 5.2 has none of its own.
def __getattr__(name: str) -> Any:
    if name == "LedgerBackend":
        from .backend import LedgerBackend

        return LedgerBackend
    if name == "JobContext":
        from .tasks import JobContext

        return JobContext
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
