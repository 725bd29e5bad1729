"""What makes a plain `celery worker` a worker of background channels: signals of its main process.

Without `-Q` it consumes the queues of all its channels; it beats, reconciles, and hears of its
lost children within half a second instead of Celery's up to five.
"""

from __future__ import annotations

import logging
import os
import socket
from typing import Any

from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery import bootsteps, signals

from channels_celery import ids

from . import backlog, pools, registry, stopping
from .ledger import LiveWorker
from .reconciler import Reconciler

logger = logging.getLogger(__name__)

#: How often the pool is asked for children that have ended.
POOL_WATCH_SECONDS = 0.5

_reconciler: Reconciler | None = None
_queues_given = False


class PoolWatch(bootsteps.StartStopStep):
    """Has the pool look for dead children often.

    Celery looks when a child's pipe closes, which is before the child can be reaped, and next after
    5 s. On the hub's timer, never a thread: a child dies with the thread that forked it.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **kwargs: Any) -> None:
        self._timer: Any = None
        super().__init__(consumer, **kwargs)

    def start(self, consumer: Any) -> None:
        maintain = getattr(consumer.pool, "maintain_pool", None)
        if maintain is not None and consumer.hub is not None:
            self._timer = consumer.timer.call_repeatedly(POOL_WATCH_SECONDS, maintain)

    def stop(self, consumer: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def connect() -> None:
    """Attach to Celery's signals; called once when Django is ready."""
    pools.connect()
    signals.celeryd_init.connect(_before_set_up, dispatch_uid="channels_celery.init")
    signals.celeryd_after_setup.connect(_consume_all, dispatch_uid="channels_celery.queues")
    signals.worker_ready.connect(_start, dispatch_uid="channels_celery.start")
    signals.worker_shutting_down.connect(_stop, dispatch_uid="channels_celery.stop")
    signals.worker_shutdown.connect(_leave, dispatch_uid="channels_celery.leave")
    signals.task_failure.connect(_child_lost, dispatch_uid="channels_celery.lost")
    signals.task_revoked.connect(_child_ended, dispatch_uid="channels_celery.ended")


def _before_set_up(instance: Any, options: dict[str, Any], **_: Any) -> None:
    global _queues_given
    _queues_given = bool(options.get("queues"))
    instance.app.steps["consumer"].add(PoolWatch)
    stopping.prepare()


def _consume_all(instance: Any, **_: Any) -> None:
    if not _queues_given:
        for queue in backlog.queues():
            instance.app.amqp.queues.select_add(queue)


def _start(sender: Any, **_: Any) -> None:
    global _reconciler
    consumer = sender
    worker = LiveWorker(
        id=ids.uuid7().hex,
        host=socket.gethostname(),
        pid=os.getpid(),
        slots=consumer.pool.num_processes or 1,
        queues=frozenset(consumer.app.amqp.queues.consume_from),
        channels=frozenset(registry.channels()),
    )
    options = {name: handler.options for name, handler in registry.channels().items()}
    if warning := pools.shortcomings(consumer.pool, options):
        logger.warning(warning)
    _reconciler = Reconciler(worker, in_children=pools.has_children(consumer.pool))
    _reconciler.start()


def _stop(**_: Any) -> None:
    # In a signal handler: nothing here may wait.
    stopping.begin()
    if _reconciler is not None:
        _reconciler.stop()


def _leave(**_: Any) -> None:
    if _reconciler is not None:
        _reconciler.join()


def _child_lost(task_id: str, exception: BaseException, **_: Any) -> None:
    if _reconciler is None:
        return
    if isinstance(exception, WorkerLostError):
        _reconciler.lost(task_id, "lost")
    elif isinstance(exception, TimeLimitExceeded):
        _reconciler.lost(task_id, "time_limit")


def _child_ended(request: Any, terminated: bool, **_: Any) -> None:
    if _reconciler is not None and terminated:
        _reconciler.lost(request.id, "lost")
