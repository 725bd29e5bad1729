"""A backend for Django's tasks: `@task` functions as jobs of the ledger, with its promises.

`TASKS = {"default": {"BACKEND": "channels_celery.jobs.django_tasks.LedgerBackend"}}`
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from .backend import LedgerBackend
    from .tasks import JobContext
    from .typed import task

__all__ = ["JobContext", "LedgerBackend", "task"]

BACKEND = f"{__name__}.LedgerBackend"


def register() -> None:
    """Register the channels of every alias that uses the backend, in web and worker processes."""
    given = getattr(settings, "TASKS", None)
    # Where Django has no tasks yet, a project's setting of that name may be anything.
    for alias, params in given.items() if isinstance(given, dict) else ():
        if isinstance(params, dict) and _is_ours(params.get("BACKEND")):
            from .framework import task_backends

            # Made by being asked for.
            task_backends[alias]


def _is_ours(path: object) -> bool:
    """Whether this names the backend, or a project's class that extends it."""
    if path == BACKEND:
        return True
    if not isinstance(path, str) or path.startswith(("django.", "django_tasks.")):
        return False
    try:
        from .backend import LedgerBackend

        found = import_string(path)
    except ImportError:
        # The framework names it when a task is used.
        return False
    return isinstance(found, type) and issubclass(found, LedgerBackend)


# The framework is imported when a project uses it: Django 5.2 has none of its own.
def __getattr__(name: str) -> Any:
    if name == "LedgerBackend":
        from .backend import LedgerBackend

        return LedgerBackend
    if name == "JobContext":
        from .tasks import JobContext

        return JobContext
    if name == "task":
        from .typed import task

        return task
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
