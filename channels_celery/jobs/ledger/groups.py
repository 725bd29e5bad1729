"""Transitions of many jobs in one statement: what a batch of tiny handlers needs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

from channels_celery.database import Session

from .claims import COLUMNS, FREE, TAKE, Claim, read_claim
from .statements import identity, key, statement

# One that was lost before runs alone: it may be what ended its process.
_CLAIM = f"""
WITH chosen AS MATERIALIZED (
  SELECT id FROM channels_celery_job
  WHERE channel = %(channel)s AND state = 'queued' AND attempt = 0 AND losses = 0
    AND ready <= (SELECT {{now}}) AND {FREE}
  ORDER BY ready LIMIT %(size)s {{skip_locked}})
{TAKE} WHERE id IN (SELECT id FROM chosen) {{relaxed}} RETURNING {COLUMNS}
"""

_SUCCEED = """
UPDATE channels_celery_job SET state = 'succeeded', result = done.result, error = '',
  traceback = '', finished = {{now}}, lease = NULL, due = NULL
FROM {done} AS done
WHERE channels_celery_job.id = done.id AND channels_celery_job.fence = done.fence
  AND channels_celery_job.run = done.run AND state = 'running'
RETURNING channels_celery_job.id
"""
_DONE = {
    "postgresql": """(SELECT * FROM json_to_recordset(%(done)s::json)
      AS row(id uuid, run text, fence bigint, result text))""",
    "sqlite": """(SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.run') AS run,
      json_extract(value, '$.fence') AS fence, json_extract(value, '$.result') AS result
    FROM json_each(%(done)s))""",
}


def succeed_together(session: Session, results: Sequence[tuple[Claim, str]]) -> set[UUID]:
    """Record the results, JSON text, of jobs without a topic; those that have lost it are left."""
    done = [
        {"id": key(claim.id), "run": claim.run, "fence": claim.fence, "result": text}
        for claim, text in results
    ]
    sql = statement(session, _SUCCEED.format(done=_DONE[session.vendor]))
    return {identity(row[0]) for row in session.rows(sql, {"done": json.dumps(done)})}


def claim_batch(
    session: Session, channel: str, *, size: int, run: str, max_attempts: int, lease_ms: int
) -> list[Claim]:
    """Take up to so many of the channel's jobs for their first attempt, the oldest first."""
    params = {
        "channel": channel,
        "size": size,
        "run": run,
        "max_attempts": max_attempts,
        "lease_ms": lease_ms,
    }
    with session.relaxed():
        rows = session.rows(statement(session, _CLAIM), params)
    return sorted((read_claim(row, run) for row in rows), key=lambda claim: claim.id)
