from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from channels_celery import jsontext
from channels_celery.database import Row, Session
from channels_celery.jobs.states import OUTCOMES, State
from channels_celery.topics import log
from channels_celery.topics.events import Draft

from .statements import key, statement

_CLAIM = """
UPDATE channels_celery_job SET state = 'running', attempt = attempt + 1, fence = fence + 1,
  lease = {now} + %(lease_ms)s, run = %(run)s, max_attempts = %(max_attempts)s,
  started = {now}, due = NULL, progress = ''
WHERE id = {id} AND fence = %(fence)s AND state IN ('queued', 'retrying')
  AND (expires IS NULL OR started IS NOT NULL OR expires > {now})
RETURNING channel, message, attempt, max_attempts, fence, topic, reply_channel, headers,
  created, {now}
"""

_FINISH = """
UPDATE channels_celery_job SET state = %(state)s, result = %(result)s, error = %(error)s,
  traceback = %(traceback)s, finished = {now}, lease = NULL, due = NULL
WHERE id = {id} AND fence = %(fence)s AND state = 'running' RETURNING topic
"""

_RETRY = """
UPDATE channels_celery_job SET state = 'retrying', due = %(at)s, ready = %(at)s, hints = 0,
  error = %(error)s, traceback = %(traceback)s, lease = NULL
WHERE id = {id} AND fence = %(fence)s AND state = 'running' AND cancel_requested IS NULL
RETURNING topic
"""

# The lock makes a reply and the loss of its lease happen one after the other.
_ALIVE = """
SELECT topic FROM channels_celery_job
WHERE id = {id} AND fence = %(fence)s AND state = 'running'"""

_LOOK = """
SELECT state, fence, run, channel, message, attempt, max_attempts, fence, topic, reply_channel,
  headers, created, {now}
FROM channels_celery_job WHERE id = {id}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One attempt that this process won: what it is to do, and the fence it writes under.

    `at` is the database's clock at the claim, in milliseconds since 1970.
    """

    id: UUID
    run: str
    channel: str
    message: Any
    attempt: int
    max_attempts: int
    fence: int
    topic: str
    reply_channel: str
    headers: dict[str, Any]
    created: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an acceptance ends. `result` and `error` are JSON text."""

    state: State
    result: str | None = None
    error: str = ""
    traceback: str = ""


def claim(
    session: Session, job: UUID, fence: int, *, run: str, max_attempts: int, lease_ms: int
) -> Claim | None:
    """Take the job that a hint names; None: the hint is old, or somebody has it."""
    params = {
        "id": key(job),
        "fence": fence,
        "run": run,
        "max_attempts": max_attempts,
        "lease_ms": lease_ms,
    }
    rows = session.rows(statement(session, _CLAIM), params)
    return _claim(job, run, rows[0]) if rows else None


def finish(session: Session, claim: Claim, outcome: Outcome, event: Draft) -> bool:
    """Record the outcome and its event. False: the attempt has lost its lease."""
    params = {
        "id": key(claim.id),
        "fence": claim.fence,
        "state": outcome.state.value,
        "result": outcome.result,
        "error": outcome.error,
        "traceback": outcome.traceback,
    }
    row, _ = log.append_after(session, statement(session, _FINISH), params, event)
    return row is not None


def retry(
    session: Session, claim: Claim, *, at: int, error: str, traceback: str, event: Draft
) -> bool:
    """Wait until `at` for the next attempt.

    False: the attempt has lost its lease, or somebody wants the job to stop.
    """
    params = {
        "id": key(claim.id),
        "fence": claim.fence,
        "at": at,
        "error": error,
        "traceback": traceback,
    }
    row, _ = log.append_after(session, statement(session, _RETRY), params, event)
    return row is not None


def reply(session: Session, claim: Claim, event: Draft) -> tuple[bool, bool]:
    """Store a reply: whether its attempt lives, and whether the reply is new to the topic."""
    lock = " FOR SHARE" if session.vendor == "postgresql" else ""
    sql = statement(session, _ALIVE) + lock
    row, stored = log.append_after(session, sql, {"id": key(claim.id), "fence": claim.fence}, event)
    return row is not None, stored is not None or not claim.topic


def confirm(session: Session, job: UUID, *, run: str, fence: int) -> Claim | State | None:
    """What an interrupted transition did: the claim that is ours, the state it recorded, or None.

    After a broken connection a repeated transition finds 0 rows also when the first one worked.
    `fence` is the one that the transition would have set.
    """
    rows = session.rows(statement(session, _LOOK), {"id": key(job)})
    if not rows or rows[0][1] != fence or rows[0][2] != run:
        return None
    state = State(rows[0][0])
    if state is State.RUNNING:
        return _claim(job, run, rows[0][3:])
    return state if state in (*OUTCOMES, State.RETRYING) else None


def _claim(job: UUID, run: str, row: Row) -> Claim:
    channel, message, attempt, max_attempts, fence, topic, reply_channel, headers, created, at = row
    return Claim(
        id=job,
        run=run,
        channel=channel,
        message=jsontext.load(message),
        attempt=attempt,
        max_attempts=max_attempts,
        fence=fence,
        topic=topic,
        reply_channel=reply_channel,
        headers=jsontext.load(headers),
        created=created,
        at=at,
    )
