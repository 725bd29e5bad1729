"""A hint as a Celery message, sent for half of what `apply_async` takes.

Routes, signals, the task-sent event and all headers are Celery's. Left out is what only a caller
of a task needs: the result object, the parent, and on Redis a client object for each command.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import celery

from . import headers

Arguments = tuple[str, int]


def publish(task: celery.Task, arguments: Arguments, producer: Any, queue: str | None) -> None:
    """Send a task's message on this producer, once; raises whatever the broker's driver raises."""
    if headers.has_own_way(task) or task.expires is not None:
        task.apply_async(args=arguments, producer=producer, retry=False, queue=queue)
        return
    app = task.app
    given = {**task._get_exec_options(), "queue": queue}
    limits = {name: given.pop(name) for name in ("time_limit", "soft_time_limit")}
    del given["expires"]
    options = app.amqp.router.route(given, task.name, arguments, {}, task)
    message = app.amqp.create_task_message(
        str(uuid4()), task.name, arguments, {}, argsrepr=repr(arguments), kwargsrepr="{}",
        reply_to=app.thread_oid, ignore_result=True,
        create_sent_event=app.conf.task_send_sent_event, **limits,
    )  # fmt: skip
    app.amqp.send_task_message(producer, task.name, message, retry=False, **options)


def keep_client(producer: Any) -> None:
    """Have a Redis channel of our own use one client object.

    kombu makes one for each command, with 170 callbacks in it: five times the cost of sending.
    """
    channel = producer.channel
    if not hasattr(channel, "conn_or_acquire"):
        return
    kept = channel._create_client()

    @contextmanager
    def conn_or_acquire(client: Any = None) -> Iterator[Any]:
        yield client or kept

    channel.conn_or_acquire = conn_or_acquire
