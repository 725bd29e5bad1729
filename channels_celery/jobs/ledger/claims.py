from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from channels_celery import jsontext
from channels_celery.database import Row, Session

from .statements import identity, key, statement

TAKE = """
UPDATE channels_celery_job SET state = 'running', attempt = attempt + 1, fence = fence + 1,
  lease = {now} + %(lease_ms)s, run = %(run)s, max_attempts = %(max_attempts)s,
  started = {now}, due = NULL, progress = ''
"""
COLUMNS = """id, channel, message, attempt, max_attempts, fence, topic, reply_channel, headers,
  created, {now}"""

#: May be claimed: waits, is not paused, and did not expire before its first claim.
FREE = """state IN ('queued', 'retrying')
  AND (expires IS NULL OR started IS NOT NULL OR expires > {now})
  AND NOT EXISTS (SELECT 1 FROM channels_celery_channel WHERE name = channel AND paused)"""

_HINTED = f"id = {{id}} AND fence = %(fence)s AND {FREE}"

# A claim need not outlive a power cut: the job is free again then, and nothing was answered.
_CLAIM = f"{TAKE} WHERE {_HINTED} {{relaxed}} RETURNING {COLUMNS}"

# The present as a subquery: only so can the planner use it with an index.
_CLAIM_IN_SLOT = f"""{TAKE} WHERE id = coalesce(
    (SELECT id FROM channels_celery_job WHERE {_HINTED} {{skip_locked}}),
    (SELECT id FROM channels_celery_job
     WHERE channel = %(channel)s AND ready <= (SELECT {{now}}) AND {FREE}
     ORDER BY ready LIMIT 1 {{skip_locked}}))
  AND {FREE}
  AND (SELECT count(*) FROM channels_celery_job
       WHERE channel = %(channel)s AND state = 'running') < %(limit)s
  {{relaxed}}
RETURNING {COLUMNS}"""

_LOCK = "SELECT 1 FROM channels_celery_channel WHERE name = %(channel)s FOR UPDATE"
_ADD = """
INSERT INTO channels_celery_channel (name, paused) VALUES (%(channel)s, false)
ON CONFLICT (name) DO NOTHING
"""

_HELD = f"""
SELECT {COLUMNS} FROM channels_celery_job
WHERE channel = %(channel)s AND state = 'running' AND run = %(run)s
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


def claim(
    session: Session, job: UUID, fence: int, *, run: str, max_attempts: int, lease_ms: int
) -> Claim | None:
    """Take the job that a hint names; None: the hint is old, or somebody has it."""
    params = _params(job, fence, run, max_attempts, lease_ms)
    with session.relaxed():
        return _one(session.rows(statement(session, _CLAIM), params), run)


def claim_in_slot(
    session: Session,
    channel: str,
    job: UUID,
    fence: int,
    *,
    limit: int,
    run: str,
    max_attempts: int,
    lease_ms: int,
) -> Claim | None:
    """Take the job that a hint names, else the channel's most urgent one; None: no slot, no job.

    At most `limit` of the channel run at once. A statement of its own locks the channel first: the
    snapshot of one that waits for the lock and counts would be older than the lock.
    """
    params = _params(job, fence, run, max_attempts, lease_ms)
    params.update(channel=channel, limit=limit)
    with session.relaxed(), session.transaction():
        _lock(session, channel)
        return _one(session.rows(statement(session, _CLAIM_IN_SLOT), params), run)


def held_by(session: Session, channel: str, run: str) -> list[Claim]:
    """What a Celery task has claimed and not ended: the answer to a claim that was interrupted."""
    rows = session.rows(statement(session, _HELD), {"channel": channel, "run": run})
    return [read_claim(row, run) for row in rows]


def read_claim(row: Row, run: str) -> Claim:
    job, channel, message, attempt, max_attempts, fence, topic, reply_channel, *rest = row
    headers, created, at = rest
    return Claim(
        id=identity(job),
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


def _lock(session: Session, channel: str) -> None:
    # SQLite's transaction is the only one that writes.
    if session.vendor == "postgresql" and not session.rows(_LOCK, {"channel": channel}):
        session.rows(_ADD, {"channel": channel})
        session.rows(_LOCK, {"channel": channel})


def _params(job: UUID, fence: int, run: str, max_attempts: int, lease_ms: int) -> dict[str, Any]:
    return {
        "id": key(job),
        "fence": fence,
        "run": run,
        "max_attempts": max_attempts,
        "lease_ms": lease_ms,
    }


def _one(rows: list[Row], run: str) -> Claim | None:
    return read_claim(rows[0], run) if rows else None
