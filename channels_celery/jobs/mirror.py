"""The Celery side of a channel: the task `channel.<name>`, which hints address."""

from __future__ import annotations

from typing import Any

import celery
from celery import _state, shared_task

from .options import Options

#: Each is said here, because an adopter's settings fill what is left open. A hint may be lost or
#: run twice, so Celery neither keeps, repeats nor limits it; its own retry would publish a second.
_CELERY_OPTIONS: dict[str, Any] = {
    "bind": True,
    "typing": False,
    "serializer": "json",
    "acks_late": False,
    "acks_on_failure_or_timeout": True,
    "acks_on_failure": True,
    "acks_on_timeout": True,
    "reject_on_worker_lost": False,
    "retry_on_worker_lost": False,
    "ignore_result": True,
    "store_eager_result": False,
    "store_errors_even_if_ignored": False,
    "track_started": False,
    # None would be filled from task_default_rate_limit.
    "rate_limit": 0,
    "autoretry_for": (),
    "dont_autoretry_for": (),
    "max_retries": None,
}


def task_name(channel: str) -> str:
    """The name under which Celery routes, shows and counts a channel."""
    return f"channel.{channel}"


def register(channel: str, options: Options) -> None:
    """Register the channel's task with every Celery app of this process, now and later."""
    shared_task(
        name=task_name(channel),
        time_limit=options.time_limit,
        soft_time_limit=options.soft_time_limit,
        **_CELERY_OPTIONS,
    )(_run)


# A rolling deploy may send more arguments than this version knows.
def _run(task: celery.Task, job_id: str, fence: int, *_later: Any) -> Any:
    from . import attempt

    return attempt.run(task, job_id, fence)


_seen_at_start: celery.Celery | None = None


def remember_app() -> None:
    """Note the project's Celery app while the thread that made it runs."""
    global _seen_at_start
    if _state._tls.current_app is not None:
        _seen_at_start = celery.current_app._get_current_object()


def project_app() -> celery.Celery:
    """The project's Celery app, from every thread.

    `celery.current_app` is per thread. Once anything has asked for it before the project made its
    app, other threads get Celery's built-in default, whose broker is not the project's.
    """
    current = celery.current_app._get_current_object()
    if is_default(current) and _seen_at_start is not None:
        return _seen_at_start
    return current


def is_default(app: celery.Celery) -> bool:
    """Whether Celery made this app by itself, because the project has none."""
    return bool(app.main == "default" and not app.fixups)
