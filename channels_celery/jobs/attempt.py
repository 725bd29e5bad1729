"""One attempt: claim, handler, outcome. The body of every Celery task of a channel."""

from __future__ import annotations

import logging
import signal
import time
from typing import Any
from uuid import UUID

import celery
from celery.exceptions import Retry as CeleryRetry
from django.db import DatabaseError, connections

from channels_celery.database import session
from channels_celery.errors import JobFailed

from . import announcing, bridge, claiming, lease, ledger, registry, slots, stopping
from .handle import Job
from .ledger import Claim
from .perseverance import persevere
from .registry import ChannelHandler
from .states import State
from .verdict import Ended, Succeeded, Verdict, cancelled, judge, succeed

logger = logging.getLogger(__name__)


def run(task: celery.Task, job_id: str, fence: int) -> None:
    """Do what a hint asks for. Nothing to do is no error: the hint was old or repeated.

    Only `celery.exceptions.Retry` and JobFailed leave: a MemoryError or SystemExit would end
    Celery's main process, and these two show the truth to Flower, signals and Sentry.
    """
    if stopping.begun():
        # Another worker's reconciler repeats the hint.
        return
    handler = registry.get(task.name.removeprefix("channel."))
    started = time.monotonic()
    for claim in claiming.take(handler, UUID(job_id), fence, task.request.id or ""):
        _attempt(handler, claim, started)


def _attempt(handler: ChannelHandler, claim: Claim, started: float) -> None:
    job = Job(claim, started)
    announcing.whisper(claim, "job.started", announcing.data(claim, claim.attempt))
    with lease.held(claim, job.tell_progress) as held:
        job.held_by(held)
        verdict = _work(handler, job, claim.message)
        recorded = _settled(claim, job, verdict)
    if recorded is None:
        logger.warning("job %s attempt %d lost its lease", claim.id, claim.attempt)
        return
    if handler.options.max_running is not None:
        _free_slot(claim.channel)
    _mirror(claim, recorded)


def _work(handler: ChannelHandler, job: Job, message: Any) -> Verdict:
    _close_stale_connections()
    try:
        value = handler.function(job, message)
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


def _settled(claim: Claim, job: Job, verdict: Verdict) -> Verdict | None:
    """The outcome that `job.succeed` has committed, else the handler's own; None: lost."""
    recorded = None if job.succeeded else _record(claim, verdict)
    if recorded is not None or not job.promised:
        return recorded
    if not job.succeeded:
        # Its COMMIT was interrupted, or is a test's that never comes.
        found, _ = persevere(lambda session: ledger.confirm(session, claim))
        if found is not State.SUCCEEDED:
            return None
    if isinstance(verdict, Ended):
        logger.warning("job %s has succeeded, then raised", claim.id, exc_info=verdict.error)
    return succeed(None)


def _record(claim: Claim, verdict: Verdict) -> Verdict | None:
    """The verdict as it was recorded; None: the attempt has lost its lease."""
    if _recorded(claim, verdict):
        return verdict
    if isinstance(verdict, Ended) and verdict.state is State.RETRYING:
        # Who was asked to stop gets no other run, also when no heartbeat has said so yet.
        instead = cancelled(verdict.error)
        return instead if _recorded(claim, instead) else None
    return None


def _recorded(claim: Claim, verdict: Verdict) -> bool:
    content = announcing.data(claim, claim.attempt, **verdict.content)
    event = announcing.draft(claim, verdict.event, content)
    recorded, repeated = persevere(lambda session: verdict.record(session, claim, event))
    if not recorded and repeated:
        found, _ = persevere(lambda session: ledger.confirm(session, claim))
        recorded = found == verdict.state
    if recorded:
        announcing.tell(claim, verdict.event, content)
    return recorded


def _free_slot(channel: str) -> None:
    try:
        with session() as current:
            slots.freed(current, channel)
    except DatabaseError as error:
        logger.warning("channel %s: its next job waits for the reconciler: %s", channel, error)


def _mirror(claim: Claim, verdict: Verdict) -> None:
    """Show Celery what the ledger has recorded; it publishes nothing of its own."""
    logger.info("job %s %s attempt %d %s", claim.id, claim.channel, claim.attempt, verdict.state)
    if isinstance(verdict, Succeeded):
        return
    if verdict.again_seconds is not None:
        raise CeleryRetry(verdict.message, exc=verdict.error, when=verdict.again_seconds)
    if verdict.code == "cancelled":
        return
    raise JobFailed(verdict.code, verdict.message) from verdict.error
