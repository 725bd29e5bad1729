from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from celery.exceptions import QueueNotFound
from django.core.checks import CheckMessage, Error, Warning

from channels_celery.jobs import backlog, mirror, registry
from channels_celery.jobs.hints import Broker


def examine() -> Iterator[CheckMessage]:
    """The broker that carries hints: it answers, and each channel's queue may be made."""
    app = mirror.project_app()
    if mirror.is_default(app):
        # A check has said so.
        return
    if app.conf.task_always_eager:
        yield Warning(
            "Celery is in eager mode: jobs run in the process that sends them.",
            hint="Set task_always_eager to False outside of tests.",
            id="channels_celery.W046",
        )
        return
    broker = Broker()
    try:
        broker.messages(app.conf.task_default_queue)
    except Exception as error:  # noqa: BLE001 - any driver's
        yield Error(
            f"The broker{_where(app)} does not answer: {type(error).__name__} {error}".strip(),
            hint="Start it, or mend broker_url. Until then jobs are accepted and wait.",
            id="channels_celery.E047",
        )
    finally:
        broker.close()
    yield from _queues()


def _where(app: Any) -> str:
    try:
        # Without its password.
        return f" {app.connection_for_write().as_uri()}"
    except KeyError:
        # A transport that kombu does not know.
        return ""


def _queues() -> Iterator[CheckMessage]:
    for channel in sorted(registry.channels()):
        try:
            backlog.queue_of(channel)
        except QueueNotFound as error:
            yield Error(
                f"Channel {channel!r} has no queue: {error}",
                hint="Add the queue to task_queues, or route the channel to one that is there.",
                id="channels_celery.E048",
            )
