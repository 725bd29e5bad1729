from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.db import IntegrityError

from channels_celery import failpoints
from channels_celery.database import Session
from channels_celery.jobs import announcing, hints
from channels_celery.jobs.announcing import About
from channels_celery.jobs.hints import Hint

from .statements import identity, key, statement

#: After so long a job that nobody has claimed gets another hint.
FIRST_REMINDER_MS = 2_000

_INSERT = """
INSERT INTO channels_celery_job
  (id, channel, message, state, attempt, max_attempts, losses, fence, due, ready, hints, run,
   progress, error, traceback, topic, reply_channel, unique_key, headers, expires, created)
SELECT {id}, %(channel)s, %(message)s, 'queued', 0, %(max_attempts)s, 0, 0,
  CASE WHEN expires < due THEN expires ELSE due END, ready, %(hints)s, '', '', '', '',
  %(topic)s, %(reply_channel)s, %(unique_key)s, %(headers)s, expires, present
FROM (SELECT present, ready, ready + %(reminder)s AS due,
        present + CAST(%(expires_ms)s AS bigint) AS expires
      FROM (SELECT present,
              coalesce(CAST(%(at_ms)s AS bigint), present + CAST(%(delay_ms)s AS bigint)) AS ready
            FROM (SELECT {now} AS present) AS clock) AS start) AS times
WHERE true
ON CONFLICT DO NOTHING
"""
_RETURNING = " RETURNING id"

_HOLDER = """
SELECT id FROM channels_celery_job WHERE id = {id} OR
  (channel = %(channel)s AND unique_key = %(unique_key)s
   AND state IN ('queued', 'running', 'retrying'))
"""

_REDRIVE = """
UPDATE channels_celery_job SET state = 'queued', attempt = 0, losses = 0, fence = fence + 1,
  due = {now} + %(reminder)s, ready = {now}, hints = 1, error = '', traceback = '', result = NULL,
  progress = '', started = NULL, finished = NULL, expires = NULL, cancel_requested = NULL
WHERE id = {id} AND state = 'failed'
RETURNING channel, fence, max_attempts, topic, reply_channel, headers
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A checked message on its way into the ledger.

    It may run `delay_ms` from now, or at `at_ms` (milliseconds since 1970), and no more from
    `expires_ms` after now on. `message` and `headers` are JSON text.
    """

    id: UUID
    channel: str
    message: str
    max_attempts: int
    topic: str = ""
    reply_channel: str = ""
    unique_key: str | None = None
    delay_ms: int = 0
    at_ms: int | None = None
    expires_ms: int | None = None
    headers: str = "{}"

    @property
    def fence(self) -> int:
        return 0

    @property
    def waits(self) -> bool:
        return self.at_ms is not None or self.delay_ms > 0


@dataclass(frozen=True, slots=True)
class _Redriven:
    id: UUID
    channel: str
    fence: int
    max_attempts: int
    topic: str
    reply_channel: str
    headers: str


@dataclass(frozen=True, slots=True)
class Inserted:
    """The accepted job, or the open one that has its unique key already."""

    id: UUID
    duplicate: bool


def insert(session: Session, new: NewJob) -> Inserted:
    """Accept a job; its hint is published once committed. Repeating it with its id is harmless."""
    params = {
        "id": key(new.id),
        "channel": new.channel,
        "message": new.message,
        "max_attempts": new.max_attempts,
        "topic": new.topic,
        "reply_channel": new.reply_channel,
        "unique_key": new.unique_key,
        "headers": new.headers,
        "delay_ms": new.delay_ms,
        "at_ms": new.at_ms,
        "expires_ms": new.expires_ms,
        "hints": 0 if new.waits else 1,
        "reminder": 0 if new.waits else FIRST_REMINDER_MS,
    }
    sql = statement(session, _INSERT + _RETURNING)
    for _ in range(3):
        if session.rows(sql, params):
            session.after_commit(partial(_inserted, new))
            return Inserted(new.id, duplicate=False)
        holder = session.rows(statement(session, _HOLDER), params)
        if holder:
            found = identity(holder[0][0])
            return Inserted(found, duplicate=found != new.id)
        # The holder of the key ended in between: the key is free now.
    raise IntegrityError(f"the unique key {new.unique_key!r} changes hands too fast to be taken")


def _inserted(new: NewJob) -> None:
    failpoints.reach("insert-committed")
    _tell(new)
    if not new.waits:
        hints.publish(Hint(new.channel, new.id, new.fence, new.headers))


def redrive(session: Session, job: UUID) -> bool:
    """Accept a failed job again: attempt 0, a new fence. False: it is not failed.

    Raises IntegrityError while another open job of the channel has its unique key.
    """
    params = {"id": key(job), "reminder": FIRST_REMINDER_MS}
    rows = session.rows(statement(session, _REDRIVE), params)
    if not rows:
        return False
    session.after_commit(partial(_redriven, _Redriven(job, *rows[0])))
    return True


def _redriven(again: _Redriven) -> None:
    _tell(again)
    hints.publish(Hint(again.channel, again.id, again.fence, again.headers))


def _tell(about: About) -> None:
    announcing.whisper(about, "job.accepted", announcing.data(about, 0))
