from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from celery.exceptions import QueueNotFound
from django.db.models import Count, Q, QuerySet

from channels_celery import clock, database, settings
from channels_celery.errors import UnknownChannel

from . import backlog, ledger, registry
from .hints import Broker
from .ledger import LiveWorker
from .models import Channel, Job
from .states import WAITING, State

#: A job that could have run for so long and that nobody has claimed is stuck.
STUCK_MS = 30_000


def is_stuck() -> Q:
    """The condition on a job that could have run and that nobody has claimed."""
    return Q(state__in=WAITING, ready__lt=present() - STUCK_MS)


def present() -> int:
    """The database's clock, in milliseconds since 1970."""
    with database.session() as session:
        ((now,),) = session.rows(f"SELECT {clock.now(session.vendor)}", {})
    return int(now)


def stuck_jobs() -> QuerySet[Job]:
    """The stuck jobs, the oldest first."""
    jobs = Job.objects.using(settings.current().DATABASE)
    return jobs.filter(is_stuck()).order_by("ready")


def reason(job: Job) -> str | None:
    """Why this job is stuck; None when it is not."""
    if not stuck_jobs().filter(pk=job.pk).exists():
        return None
    return reasons([job.channel])[job.channel]


def reasons(channels: Iterable[str]) -> dict[str, str]:
    """Why jobs of these channels stay unclaimed: the first reason that holds, in plain words."""
    names = set(channels)
    if not names:
        return {}
    scene = _look()
    return {name: _first(scene, name) for name in names}


def _first(scene: _Scene, channel: str) -> str:
    return next(reason for check in _CHECKS if (reason := check(scene, channel)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What the reasons are judged by, looked at once."""

    paused: frozenset[str]
    broker_answers: bool
    live: list[LiveWorker]
    running: dict[str, int]


def _look() -> _Scene:
    alias = settings.current().DATABASE
    with database.session() as session:
        live = ledger.live_workers(session)
    running = Job.objects.using(alias).filter(state=State.RUNNING).values_list("channel")
    paused = Channel.objects.using(alias).filter(paused=True).values_list("name", flat=True)
    return _Scene(
        paused=frozenset(paused),
        broker_answers=_broker_answers(),
        live=live,
        running=dict(running.annotate(Count("id"))),
    )


def _broker_answers() -> bool:
    broker = Broker()
    try:
        broker.messages("celery")
    except Exception:  # noqa: BLE001 - any driver's: it does not answer
        return False
    finally:
        broker.close()
    return True


def _paused(scene: _Scene, channel: str) -> str | None:
    return "channel paused" if channel in scene.paused else None


def _broker(scene: _Scene, channel: str) -> str | None:
    return None if scene.broker_answers else "broker unreachable"


def _queue(scene: _Scene, channel: str) -> str | None:
    try:
        queue = backlog.queue_of(channel)
    except (UnknownChannel, QueueNotFound):
        # Which queue it would use, only a process that knows it can tell.
        return None
    listens = any(queue in worker.queues for worker in scene.live)
    return None if listens else f"no worker listens on queue {queue}"


def _worker(scene: _Scene, channel: str) -> str | None:
    known = any(channel in worker.channels for worker in scene.live)
    return None if known else f"no live worker knows channel {channel}"


def _full(scene: _Scene, channel: str) -> str | None:
    handler = registry.channels().get(channel)
    limit = handler.options.max_running if handler else None
    full = limit is not None and scene.running.get(channel, 0) >= limit
    return "max_running reached" if full else None


def _busy(scene: _Scene, channel: str) -> str:
    return "every slot is busy"


_CHECKS: list[Callable[[_Scene, str], str | None]] = [
    _paused,
    _broker,
    _queue,
    _worker,
    _full,
    _busy,
]
