from __future__ import annotations

from channels_celery.database import Session
from channels_celery.jobs.hints import Hint

from .accept import FIRST_REMINDER_MS
from .leases import Lost
from .statements import identity, key, statement

_RELEASE = """
UPDATE channels_celery_job SET state = CASE WHEN attempt > 1 THEN 'retrying' ELSE 'queued' END,
  attempt = attempt - 1, losses = losses + %(losses)s, fence = fence + 1, lease = NULL, run = '',
  progress = '', ready = {now}, due = {now} + %(reminder)s, hints = 1
WHERE id = {id} AND fence = %(fence)s AND state = 'running' AND cancel_requested IS NULL
RETURNING id, channel, fence, headers
"""


def release(session: Session, lost: Lost, *, counts_as_loss: bool = False) -> Hint | None:
    """Give an attempt back, as if it had not been made; None: it has ended, or is to be cancelled.

    The caller publishes the hint. `counts_as_loss`: the job no longer runs together with others.
    """
    params = {
        "id": key(lost.id),
        "fence": lost.fence,
        "losses": int(counts_as_loss),
        "reminder": FIRST_REMINDER_MS,
    }
    for job, channel, fence, headers in session.rows(statement(session, _RELEASE), params):
        return Hint(channel, identity(job), fence, headers)
    return None
