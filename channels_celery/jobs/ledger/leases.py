from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from channels_celery.database import Row, Session
from channels_celery.jobs.states import State
from channels_celery.topics import log
from channels_celery.topics.events import Draft

from .accept import FIRST_REMINDER_MS
from .statements import identity, key, statement

#: Rows that one look takes on: the next look is near.
LOOK = 100

# By `run`, not by job: what is renewed is an attempt that is open in this process.
_RENEW = """
UPDATE channels_celery_job SET lease = {now} + %(lease_ms)s,
  progress = CASE WHEN %(progress)s = '' THEN progress ELSE %(progress)s END
WHERE run = %(run)s AND id = {id} AND state = 'running' RETURNING cancel_requested
"""

_LOST = """
SELECT id, run, channel, attempt, max_attempts, losses, fence, cancel_requested, topic,
  reply_channel, headers, {now}, (SELECT count(*) FROM channels_celery_job AS mate
    WHERE mate.channel = channels_celery_job.channel AND mate.state = 'running'
      AND mate.run = channels_celery_job.run)
FROM channels_celery_job WHERE state = 'running' AND """

_LOSE = """
UPDATE channels_celery_job SET state = %(state)s, losses = losses + 1, fence = fence + 1,
  lease = NULL, run = '', hints = %(hints)s, error = %(error)s,
  due = CASE WHEN %(state)s = 'retrying' THEN CAST(%(due)s AS bigint) ELSE NULL END,
  ready = CASE WHEN %(state)s = 'retrying' THEN CAST(%(at)s AS bigint) ELSE ready END,
  finished = CASE WHEN %(state)s = 'retrying' THEN NULL ELSE {now} END
WHERE id = {id} AND fence = %(fence)s AND run = %(run)s AND state = 'running'
  AND (cancel_requested IS NULL OR %(state)s <> 'retrying')
RETURNING topic
"""


@dataclass(frozen=True, slots=True)
class Renewal:
    """The lease goes on; `cancel` says that somebody wants the job to stop."""

    cancel: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A running attempt whose process is gone; `at` is the database's clock."""

    id: UUID
    run: str
    channel: str
    attempt: int
    max_attempts: int
    losses: int
    fence: int
    #: Somebody wants the job to stop: it does not run again.
    cancelled: bool
    topic: str
    reply_channel: str
    #: JSON text of the first hint's headers.
    headers: str
    at: int
    #: Running attempts of its Celery task, itself too: more than one is a batch.
    mates: int


def renew(
    session: Session, job: UUID, run: str, *, lease_ms: int, progress: str = ""
) -> Renewal | None:
    """Prove that the attempt lives and store its progress; None: its lease was lost."""
    params = {"id": key(job), "run": run, "lease_ms": lease_ms, "progress": progress}
    rows = session.rows(statement(session, _RENEW), params)
    return Renewal(cancel=rows[0][0] is not None) if rows else None


def lost_leases(session: Session) -> list[Lost]:
    """Running attempts that nobody has renewed in time."""
    return _lost(session, "lease < {now}", {})


def lost_runs(session: Session, run: str) -> list[Lost]:
    """Running attempts of one Celery task whose process is known to be gone."""
    return _lost(session, "run = %(run)s", {"run": run})


def lose(session: Session, lost: Lost, *, state: State, at: int, error: str, event: Draft) -> bool:
    """Take the job from a lost attempt: to run again at `at`, or ended. False: it came back.

    One that may run at once is marked as hinted: the caller publishes its hint.
    """
    at_once = at <= lost.at
    params = {
        "id": key(lost.id),
        "run": lost.run,
        "fence": lost.fence,
        "state": state.value,
        "at": at,
        "due": at + FIRST_REMINDER_MS if at_once else at,
        "hints": 1 if at_once else 0,
        "error": error,
    }
    row, _ = log.append_after(session, statement(session, _LOSE), params, event)
    return row is not None


def _lost(session: Session, condition: str, params: dict[str, str]) -> list[Lost]:
    # A handler that holds the row in its own transaction is about to end it.
    sql = statement(session, f"{_LOST}{condition} LIMIT {LOOK} {{skip_locked}}")
    return [_row(row) for row in session.rows(sql, params)]


def _row(row: Row) -> Lost:
    job, run, channel, attempt, max_attempts, losses, fence, cancel, topic, *rest = row
    reply_channel, headers, at, mates = rest
    return Lost(
        id=identity(job),
        run=run,
        channel=channel,
        attempt=attempt,
        max_attempts=max_attempts,
        losses=losses,
        fence=fence,
        cancelled=cancel is not None,
        topic=topic,
        reply_channel=reply_channel,
        headers=headers,
        at=at,
        mates=mates,
    )
