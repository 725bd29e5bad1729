from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from channels_celery.database import Session

from .statements import identity, key, statement

_OVER = """(state IN ('succeeded', 'cancelled') AND finished < {now} - %(succeeded_ms)s
  OR state = 'failed' AND finished < {now} - %(failed_ms)s)"""
# Ids begin with their time, so the primary key finds old jobs: no index is kept for it.
_LOOK = f"""
SELECT id, {_OVER} FROM channels_celery_job
WHERE id > {{after}} AND id < {{before}} ORDER BY id LIMIT %(chunk)s
"""
_PRUNE = f"""
DELETE FROM channels_celery_job
WHERE id > {{after}} AND id <= {{last}} AND {_OVER} RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one step of pruning did, and where the next one begins; None: there is no more."""

    removed: int
    last: UUID | None


def prune(
    session: Session, *, after: UUID, before: UUID, chunk: int, succeeded_ms: int, failed_ms: int
) -> Chunk:
    """Remove those of the next jobs that ended so long ago; ids are looked at in their order."""
    params = {
        "after": key(after),
        "before": key(before),
        "chunk": chunk,
        "succeeded_ms": succeeded_ms,
        "failed_ms": failed_ms,
    }
    rows = session.rows(statement(session, _LOOK), params)
    last = identity(rows[-1][0]) if rows else None
    removed = 0
    # A statement that writes locks SQLite also when it finds nothing.
    if last is not None and any(over for _, over in rows):
        removed = len(session.rows(statement(session, _PRUNE), {**params, "last": key(last)}))
    return Chunk(removed, last if len(rows) == chunk else None)
