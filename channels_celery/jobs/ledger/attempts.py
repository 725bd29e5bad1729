from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from channels_celery.database import Session
from channels_celery.jobs.states import OUTCOMES, State
from channels_celery.topics import log
from channels_celery.topics.events import Draft

from .claims import Claim
from .statements import key, statement

_FINISH = """
UPDATE channels_celery_job SET state = %(state)s, result = %(result)s, error = %(error)s,
  traceback = %(traceback)s, finished = {now}, lease = NULL, due = NULL
WHERE id = {id} AND fence = %(fence)s AND run = %(run)s AND state = 'running' RETURNING topic
"""

# A handler's own transaction: a process that is stopped before its COMMIT, or a host that is gone,
# would hold the row for ever, and the reaper passes over what is locked.
_BOUND_IDLE = """
SELECT set_config('idle_in_transaction_session_timeout', '60s', true)
WHERE current_setting('idle_in_transaction_session_timeout') = '0'
"""

_RETRY = """
UPDATE channels_celery_job SET state = 'retrying', due = %(at)s, ready = %(at)s, hints = 0,
  error = %(error)s, traceback = %(traceback)s, lease = NULL
WHERE id = {id} AND fence = %(fence)s AND run = %(run)s AND state = 'running'
  AND cancel_requested IS NULL
RETURNING topic
"""

# The lock makes a reply and the loss of its lease happen one after the other.
_ALIVE = """
SELECT topic FROM channels_celery_job
WHERE id = {id} AND fence = %(fence)s AND run = %(run)s AND state = 'running'"""

_LOOK = "SELECT state, fence, run FROM channels_celery_job WHERE id = {id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an acceptance ends. `result` and `error` are JSON text."""

    state: State
    result: str | None = None
    error: str = ""
    traceback: str = ""


def finish(session: Session, claim: Claim, outcome: Outcome, event: Draft) -> bool:
    """Record the outcome and its event. False: the attempt has lost its lease."""
    params = {
        **_held(claim),
        "state": outcome.state.value,
        "result": outcome.result,
        "error": outcome.error,
        "traceback": outcome.traceback,
    }
    sql = statement(session, _FINISH)
    if session.joined and session.vendor == "postgresql":
        session.rows(_BOUND_IDLE, {})
    if not claim.topic:
        # Nobody follows it: measured, without an event it takes a fifth less.
        return bool(session.rows(sql, params))
    row, _ = log.append_after(session, sql, params, event)
    return row is not None


def retry(
    session: Session, claim: Claim, *, at: int, error: str, traceback: str, event: Draft
) -> bool:
    """Wait until `at` for the next attempt.

    False: the attempt has lost its lease, or somebody wants the job to stop.
    """
    params = {
        **_held(claim),
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
    row, stored = log.append_after(session, sql, _held(claim), event)
    return row is not None, stored is not None or not claim.topic


def _held(claim: Claim) -> dict[str, Any]:
    # Its `run` too: a claim that a power cut has undone leaves its fence to the next one.
    return {"id": key(claim.id), "fence": claim.fence, "run": claim.run}


def confirm(session: Session, claim: Claim) -> State | None:
    """The state that an interrupted transition of this attempt has recorded; None: it has not.

    After a broken connection a repeated transition finds 0 rows also when the first one worked.
    """
    rows = session.rows(statement(session, _LOOK), {"id": key(claim.id)})
    if not rows or rows[0][1:] != (claim.fence, claim.run):
        return None
    state = State(rows[0][0])
    return state if state in (*OUTCOMES, State.RETRYING) else None
