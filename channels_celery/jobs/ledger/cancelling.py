from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from channels_celery import jsontext
from channels_celery.database import Row, Session
from channels_celery.jobs import announcing
from channels_celery.jobs.states import WAITING, State
from channels_celery.topics import log

from .statements import identity, key, statement

_REQUEST = """
UPDATE channels_celery_job SET cancel_requested = coalesce(cancel_requested, {now})
WHERE id = {id} AND state = 'running' RETURNING id
"""

_LOOK = """
SELECT id, channel, state, attempt, max_attempts, fence, topic, reply_channel
FROM channels_celery_job WHERE """

_CANCEL = """
UPDATE channels_celery_job SET state = 'cancelled', fence = fence + 1, finished = {now},
  due = NULL, lease = NULL, error = %(error)s
WHERE id = {id} AND fence = %(fence)s AND state = %(state)s RETURNING topic
"""

# Only a new fence tells the ledger's end from the handler's own.
_TAKEN = """
SELECT 1 FROM channels_celery_job
WHERE id = {id} AND run = %(run)s AND state = 'cancelled' AND fence > %(fence)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellable:
    """A job without outcome that somebody wants to stop."""

    id: UUID
    channel: str
    state: State
    attempt: int
    max_attempts: int
    fence: int
    topic: str
    reply_channel: str


def cancel(session: Session, job: UUID) -> bool:
    """Cancel a job that waits; ask the handler of one that runs to stop. False: it has ended.

    A running job sees the request with its next heartbeat. Past the grace time it is cancelled
    whatever its handler does.
    """
    while True:
        if session.rows(statement(session, _REQUEST), {"id": key(job)}):
            return True
        rows = session.rows(statement(session, _LOOK + "id = {id}"), {"id": key(job)})
        if not rows or rows[0][2] not in (*WAITING, State.RUNNING):
            return False
        # A worker may have claimed it in between: then it is asked.
        if end_cancelled(session, _row(rows[0])):
            return True


def overdue(session: Session, grace_ms: int) -> list[Cancellable]:
    """Running jobs that were asked to stop so long ago."""
    condition = (
        "state = 'running' AND cancel_requested <= {now} - %(grace_ms)s LIMIT 100 {skip_locked}"
    )
    rows = session.rows(statement(session, _LOOK + condition), {"grace_ms": grace_ms})
    return [_row(row) for row in rows]


def end_cancelled(session: Session, job: Cancellable) -> bool:
    """Cancel with a new fence, so that it holds whatever still runs. False: it has moved on."""
    content = announcing.data(job, job.attempt, error=announcing.CANCELLED)
    event = announcing.draft(job, "job.cancelled", content)
    params = {
        "id": key(job.id),
        "fence": job.fence,
        "state": job.state.value,
        "error": jsontext.dump(announcing.CANCELLED, name="error", limit=1_000),
    }
    row, _ = log.append_after(session, statement(session, _CANCEL), params, event)
    if row is not None:
        session.after_commit(partial(announcing.tell, job, "job.cancelled", content))
    return row is not None


def taken(session: Session, job: UUID, *, run: str, fence: int) -> bool:
    """Whether the ledger has cancelled this attempt over its handler's head."""
    params = {"id": key(job), "run": run, "fence": fence}
    return bool(session.rows(statement(session, _TAKEN), params))


def _row(row: Row) -> Cancellable:
    job, channel, state, attempt, max_attempts, fence, topic, reply_channel = row
    return Cancellable(
        id=identity(job),
        channel=channel,
        state=State(state),
        attempt=attempt,
        max_attempts=max_attempts,
        fence=fence,
        topic=topic,
        reply_channel=reply_channel,
    )
