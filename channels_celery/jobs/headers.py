"""What other libraries add to a Celery message when it is sent: tenant, trace, request.

Hints are published by other threads and processes, where the sender's context is gone, and more
than once. So the headers are taken when the job is sent, stored with it, and carried by each hint.
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import Any

import celery
from celery import signals
from celery.app import base as celery_app
from celery.app import task as celery_task

from channels_celery import jsontext
from channels_celery.errors import BadMessage

from . import mirror

logger = logging.getLogger(__name__)

#: Together: they travel with every hint.
HEADERS_BYTES = 8 * 1024


def capture(channel: str) -> str:
    """The headers that this context gives a message to the channel, as JSON text.

    Celery's own way of sending is gone through with nothing published, so that whoever listens to
    `before_task_publish` or wraps `apply_async` adds what is theirs.
    """
    app = mirror.project_app()
    task = app.tasks.get(mirror.task_name(channel))
    if task is None or not _is_extended(task) or app.conf.task_always_eager:
        return "{}"
    catcher = _Catcher()
    task.apply_async(args=("", 0), producer=catcher, retry=False)
    known = app.amqp.as_task_v2("", "").headers
    found = {name: value for name, value in catcher.headers.items() if name not in known}
    try:
        return jsontext.dump(found, name="headers", limit=HEADERS_BYTES)
    except BadMessage as error:
        logger.warning("channel %s: jobs are sent without headers: %s", channel, error)
        return "{}"


class Stamping:
    """A producer whose messages carry the headers of the first hint, whoever adds others."""

    def __init__(self, producer: Any, headers: dict[str, Any]) -> None:
        self._producer = producer
        self._headers = headers

    def publish(self, body: Any, *, headers: dict[str, Any], **more: Any) -> Any:
        return self._producer.publish(body, headers={**headers, **self._headers}, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)


class _Catcher:
    """Stands where Celery expects a producer; keeps the headers and sends nothing."""

    def __init__(self) -> None:
        self.connection = self
        self.headers: dict[str, Any] = {}

    def publish(self, body: Any, *, headers: dict[str, Any], **_: Any) -> None:
        # The first message is the task, a second one Celery's event of it.
        self.headers = self.headers or headers

    def _reraise_as_library_errors(self) -> AbstractContextManager[None]:
        return nullcontext()


def has_own_way(task: celery.Task) -> bool:
    """Whether sending is not Celery's own: a class of the project's, or a wrapper of it."""
    return _is_other(type(task).apply_async, celery_task) or _is_other(
        task.app.send_task, celery_app
    )


def _is_other(function: Any, module: ModuleType) -> bool:
    code = getattr(function, "__code__", None)
    return code is None or code.co_filename != module.__file__


def _is_extended(task: celery.Task) -> bool:
    """Whether anybody takes part in sending: going through it costs as much as publishing."""
    return bool(signals.before_task_publish.receivers) or has_own_way(task)
