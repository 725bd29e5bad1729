from __future__ import annotations

from typing import Protocol
from uuid import UUID

from channels_celery.database import Session
from channels_celery.jobs.hints import Hint

from .accept import FIRST_REMINDER_MS
from .statements import key, statement

_RELEASE = """
UPDATE channels_celery_job SET state = CASE WHEN attempt > 1 THEN 'retrying' ELSE 'queued' END,
  attempt = attempt - 1, losses = losses + %(losses)s, fence = fence + 1, lease = NULL, run = '',
  progress = '', ready = {now}, due = {now} + %(reminder)s, hints = 1
WHERE id = {id} AND fence = %(fence)s AND run = %(run)s AND state = 'running'
  AND cancel_requested IS NULL
RETURNING channel, fence, headers
"""


class Attempt(Protocol):
    """A running attempt, as who runs it or who saw its loss knows it."""

    @property
    def id(self) -> UUID: ...
    @property
    def run(self) -> str: ...
    @property
    def fence(self) -> int: ...


def release(session: Session, held: Attempt, *, counts_as_loss: bool = False) -> Hint | None:
    """Give an attempt back, as if it had not been made; None: it has ended, or is to be cancelled.

    The caller publishes the hint. `counts_as_loss`: the job no longer runs together with others.
    """
    params = {
        "id": key(held.id),
        "run": held.run,
        "fence": held.fence,
        "losses": int(counts_as_loss),
        "reminder": FIRST_REMINDER_MS,
    }
    rows = session.rows(statement(session, _RELEASE), params)
    return Hint(rows[0][0], held.id, *rows[0][1:]) if rows else None
