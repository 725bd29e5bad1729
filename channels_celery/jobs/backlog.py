"""Repeating hints without flooding the broker.

A hint is repeated after 2 s, then every 5 s, but only while the broker's queue is short: a long
one is a backlog that is being worked off, and each repeat would lengthen it. Then only one
reconciler repeats, slowly, so that a lost hint still comes through.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import celery
from celery.exceptions import QueueNotFound

from channels_celery.database import Session

from . import hints, ledger, mirror, registry, slots
from .hints import Broker
from .ledger import LiveWorker

#: Messages a slot in the broker below which its queue is short.
SHORT_QUEUE_A_SLOT = 4
#: Hints published at once.
BURST = 1_000
#: Repeats a second of one queue while it is long, all reconcilers together.
SLOW_A_SECOND = 10


def queue_of(channel: str) -> str:
    """The queue that this channel's hints go to, by its option or the project's routes.

    Raises QueueNotFound when the project's settings have no such queue.
    """
    app = mirror.project_app()
    name, task = registry.get(channel).options.queue, mirror.task_name(channel)
    given = {"queue": name} if name else {}
    # A router that is a function may ask the task itself.
    route = app.amqp.router.route(given, task, task_type=app.tasks.get(task))
    return str(route["queue"].name) if "queue" in route else _bound(app, channel, route)


def _bound(app: celery.Celery, channel: str, route: Mapping[str, Any]) -> str:
    """The queue behind a route that names an exchange alone."""
    to = route.get("exchange"), route.get("routing_key")
    for queue in app.amqp.queues.values():
        if (queue.exchange.name, queue.routing_key) == to:
            return str(queue.name)
    raise QueueNotFound(
        f"channel {channel!r} is routed to exchange and key {to}, to which no queue of task_queues"
        ' is bound: route it to a "queue".'
    )


def queues() -> dict[str, list[str]]:
    """Every queue of this process's channels, with the channels that use it."""
    found: dict[str, list[str]] = {}
    for channel in registry.channels():
        found.setdefault(queue_of(channel), []).append(channel)
    return found


def repeat(session: Session, broker: Broker, me: str, elapsed_seconds: float) -> None:
    """Publish every hint that is due; raises what the broker raises."""
    live = ledger.live_workers(session)
    for queue, channels in queues().items():
        limits = {name: limit for name in channels if (limit := slots.limit_of(name)) is not None}
        # The broker knows nothing of these yet: they can not flood it.
        unlimited = [name for name in channels if name not in limits]
        hints.publish_all(broker, ledger.remind(session, unlimited, first=True, limit=BURST))
        most = _repeats(broker, queue, live, me, elapsed_seconds)
        hints.publish_all(broker, ledger.remind(session, unlimited, first=False, limit=most))
        for name, limit in limits.items():
            _fill(session, broker, name, slots.free(session, name, limit), most)


def _fill(session: Session, broker: Broker, channel: str, free: int, most: int) -> None:
    """Publish no more hints of a channel than may run: those that find no slot are spent."""
    new = ledger.remind(session, [channel], first=True, limit=free)
    hints.publish_all(broker, new)
    again = ledger.remind(session, [channel], first=False, limit=min(free - len(new), most))
    hints.publish_all(broker, again)


def _repeats(
    broker: Broker, queue: str, live: Collection[LiveWorker], me: str, elapsed_seconds: float
) -> int:
    listening = [worker for worker in live if queue in worker.queues]
    slots = sum(worker.slots for worker in listening) or 1
    if broker.messages(queue) < SHORT_QUEUE_A_SLOT * slots:
        return BURST
    leads = min((worker.id for worker in listening), default=me) == me
    return math.floor(SLOW_A_SECOND * elapsed_seconds) if leads else 0
