from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Warning, register

from .jobs import mirror


@register
def check_broker(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A broker in each process that sends: without one, every job waits for a worker's own look."""
    app = mirror.project_app()
    # Without an app of the project there is an error already; eager mode needs no broker.
    if mirror.is_default(app) or app.conf.task_always_eager:
        return []
    url = app.conf.broker_write_url
    if not url:
        return [_warning(f"The Celery app {app.main!r} has no broker in this process.")]
    if str(url).startswith("memory:"):
        return [_warning(f"The broker of the Celery app {app.main!r} is this process's memory.")]
    return []


def _warning(what: str) -> CheckMessage:
    return Warning(
        f"{what} Jobs are accepted and kept, but each waits until a worker finds it by itself.",
        hint="Set the workers' broker_url here too: CELERY_BROKER_URL in the settings, where the"
        ' app is configured from them with namespace="CELERY".',
        id="channels_celery.W015",
    )
