"""One attempt: claim, handler, outcome. The body of every Celery task of a channel."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Sequence
from uuid import UUID

import celery
from celery.exceptions import Retry as CeleryRetry
from django.db import DatabaseError, connections

from channels_celery import failpoints
from channels_celery.database import session
from channels_celery.errors import JobFailed

from . import announcing, batch, bridge, claiming, lease, registry, slots, stopping
from .handle import Job
from .ledger import Claim
from .outcomes import Finished, record
from .registry import ChannelHandler
from .verdict import Ended, Succeeded, Verdict, judge, succeed

logger = logging.getLogger(__name__)


def run(task: celery.Task, job_id: str, fence: int) -> None:
    """Do what a hint asks for. Nothing to do is no error: the hint was old or repeated.

    Only `celery.exceptions.Retry` and JobFailed leave: a MemoryError or SystemExit would end
    Celery's main process, and these two show the truth to Flower, signals and Sentry.
    """
    try:
        _do(task, UUID(job_id), fence)
    except (CeleryRetry, JobFailed):
        raise
    except Exception as error:
        # Not the handler's, whose end is judged: the job's lease runs out, then it runs again.
        logger.exception("job %s: an attempt broke off", job_id)
        raise CeleryRetry("The attempt broke off.", exc=error) from error


def _do(task: celery.Task, job_id: UUID, fence: int) -> None:
    if stopping.begun():
        # Another worker's reconciler repeats the hint.
        return
    handler = registry.get(task.name.removeprefix("channel."))
    started = time.monotonic()
    claims = claiming.take(handler, job_id, fence, task.request.id or "")
    failpoints.reach("claimed")
    if len(claims) > 1:
        _together(handler, claims, started)
        return
    end = started + batch.budget_seconds(handler.options)
    while claims:
        recorded = _alone(handler, claims[0], started)
        started = time.monotonic()
        claims = _go_on(handler, claims[0], recorded, end)
        _mirror(recorded)


def _alone(handler: ChannelHandler, claim: Claim, started: float) -> Verdict | None:
    job = Job(claim, started)
    with lease.held(claim, job.tell_progress) as held:
        job.held_by(held)
        recorded = record(Finished(job, _work(handler, job)))
    _tell(handler, job, recorded)
    return recorded


def _go_on(
    handler: ChannelHandler, before: Claim, recorded: Verdict | None, end: float
) -> list[Claim]:
    """What a limited channel's freed slot is used for: the next job, here or by a hint.

    Not after an error: Celery is to see it as this task's.
    """
    if handler.options.max_running is None or recorded is None:
        return []
    succeeded = isinstance(recorded, Succeeded)
    if succeeded and time.monotonic() < end and not stopping.begun():
        return claiming.take_next(handler, before.run)
    _free_slot(before.channel)
    return []


def _together(handler: ChannelHandler, claims: Sequence[Claim], started: float) -> None:
    """A batch. Celery sees it as one task: it fails with the first of its jobs that failed."""
    ended = batch.run(claims, started, handler.options, lambda job: _work(handler, job))
    for job, recorded in ended:
        _tell(handler, job, recorded)
    for _, recorded in ended:
        _mirror(recorded)


def _work(handler: ChannelHandler, job: Job) -> Verdict:
    announcing.whisper(job.claim, "job.started", announcing.data(job.claim, job.attempt))
    _close_stale_connections()
    try:
        value = handler.function(job, job.claim.message)
        if hasattr(value, "__await__"):
            value = bridge.complete(value)
        return succeed(value)
    except BaseException as error:
        if _ended_from_outside(error):
            raise
        return judge(error, handler.options, job)


def _close_stale_connections() -> None:
    """Close what of Django's connections is broken or too old, as between two requests.

    Not within a transaction: in eager mode that is the sender's, which would be lost.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


def _ended_from_outside(error: BaseException) -> bool:
    """Whether the pool ends this child: at the hard time limit it sends SIGTERM before SIGKILL.

    Then the main process says what it was. The code is billiard's own (`common._shutdown_cleanup`).
    """
    return isinstance(error, SystemExit) and error.code == signal.SIGTERM - 256


def _free_slot(channel: str) -> None:
    try:
        with session() as current:
            slots.freed(current, channel)
    except DatabaseError as error:
        logger.warning("channel %s: its next job waits for the reconciler: %s", channel, error)


def _tell(handler: ChannelHandler, job: Job, recorded: Verdict | None) -> None:
    if recorded is None:
        logger.warning("job %s attempt %d lost its lease", job.id, job.attempt)
        return
    logger.info("job %s %s attempt %d %s", job.id, job.channel, job.attempt, recorded.state)
    if handler.ended is None:
        return
    try:
        handler.ended(job, recorded)
    except Exception:
        logger.exception("job %s is %s, and whoever was told failed", job.id, recorded.state)


def _mirror(recorded: Verdict | None) -> None:
    """Show Celery what the ledger has recorded; it publishes nothing of its own."""
    if not isinstance(recorded, Ended) or recorded.code == "cancelled":
        return
    if recorded.again_seconds is not None:
        raise CeleryRetry(recorded.message, exc=recorded.error, when=recorded.again_seconds)
    raise JobFailed(recorded.code, recorded.message) from recorded.error
