from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from channels_celery.database import Session
from channels_celery.jobs.hints import Hint
from channels_celery.topics import log
from channels_celery.topics.events import Draft

from .statements import identity, key, statement

#: A hint is repeated so often while its job waits.
REMINDER_MS = 5_000

# The materialised CTE keeps the planner from running the limited look more than once.
_REMIND = {
    "postgresql": """
WITH due AS MATERIALIZED (
  SELECT id FROM channels_celery_job
  WHERE state IN ('queued', 'retrying') AND due <= (SELECT {{now}}) AND {condition}
    AND channel IN ({channels}) AND {not_paused}
  ORDER BY due LIMIT %(limit)s {{skip_locked}})
UPDATE channels_celery_job AS job SET hints = hints + 1, due = {{now}} + %(reminder)s
FROM due WHERE job.id = due.id RETURNING job.id, channel, fence, headers
""",
    "sqlite": """
UPDATE channels_celery_job SET hints = hints + 1, due = {{now}} + %(reminder)s
WHERE id IN (SELECT id FROM channels_celery_job
  WHERE state IN ('queued', 'retrying') AND due <= (SELECT {{now}}) AND {condition}
    AND channel IN ({channels}) AND {not_paused}
  ORDER BY due LIMIT %(limit)s) RETURNING id, channel, fence, headers
""",
}

_NOT_PAUSED = "channel NOT IN (SELECT name FROM channels_celery_channel WHERE paused)"

_EXPIRED = """
SELECT id, channel, max_attempts, fence, topic, reply_channel FROM channels_celery_job
WHERE state = 'queued' AND due <= (SELECT {now}) AND expires <= {now} AND started IS NULL LIMIT 100
"""

_EXPIRE = """
UPDATE channels_celery_job SET state = 'cancelled', fence = fence + 1, finished = {now},
  due = NULL, error = %(error)s
WHERE id = {id} AND fence = %(fence)s AND state = 'queued' RETURNING topic
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """A job whose time passed before anybody claimed it."""

    id: UUID
    channel: str
    max_attempts: int
    fence: int
    topic: str
    reply_channel: str


def remind(session: Session, channels: Collection[str], *, first: bool, limit: int) -> list[Hint]:
    """Jobs of these channels whose hint is due, marked as hinted now: publish them.

    `first`: those that the broker has no hint of; else those whose hint may be lost.
    """
    if not channels or limit <= 0:
        return []
    names = {f"channel{index}": name for index, name in enumerate(sorted(channels))}
    template = _REMIND[session.vendor].format(
        condition="hints = 0" if first else "hints > 0",
        not_paused=_NOT_PAUSED,
        channels=", ".join(f"%({name})s" for name in names),
    )
    params = {**names, "limit": limit, "reminder": REMINDER_MS}
    rows = session.rows(statement(session, template), params)
    return [Hint(channel, identity(job), fence, headers) for job, channel, fence, headers in rows]


def expired(session: Session) -> list[Expired]:
    rows = session.rows(statement(session, _EXPIRED), {})
    return [
        Expired(
            id=identity(job),
            channel=channel,
            max_attempts=max_attempts,
            fence=fence,
            topic=topic,
            reply_channel=reply_channel,
        )
        for job, channel, max_attempts, fence, topic, reply_channel in rows
    ]


def expire(session: Session, job: Expired, *, error: str, event: Draft) -> bool:
    """End a job that nobody claimed in time. False: somebody did."""
    params = {"id": key(job.id), "fence": job.fence, "error": error}
    row, _ = log.append_after(session, statement(session, _EXPIRE), params, event)
    return row is not None
