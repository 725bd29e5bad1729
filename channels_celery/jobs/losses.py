"""Taking jobs from processes that are gone, and ending those whose time has passed."""

from __future__ import annotations

from channels_celery import jsontext, settings
from channels_celery.database import Session

from . import announcing, hints, ledger, registry, slots
from .hints import Hint
from .ledger import Lost
from .options import Options
from .states import State

_WORDS = {
    "lost": "The worker stopped while it did the work.",
    "time_limit": "The work took too long.",
    "expired": "Nobody took up the work in time.",
    "cancelled": announcing.CANCELLED["message"],
}


def reap(session: Session) -> None:
    """Take every job whose lease has run out."""
    for lost in ledger.lost_leases(session):
        _take(session, lost, "lost")


def reap_run(session: Session, run: str, code: str) -> None:
    """Take the jobs of a Celery task whose process has ended: `lost` or `time_limit`."""
    for lost in ledger.lost_runs(session, run):
        _take(session, lost, code)


def expire(session: Session) -> None:
    """Cancel every job that nobody claimed before it expired."""
    for job in ledger.expired(session):
        content = announcing.data(job, 0, error=_error("expired"))
        event = announcing.draft(job, "job.cancelled", content)
        if ledger.expire(session, job, error=_stored("expired"), event=event):
            announcing.tell(job, "job.cancelled", content)


def cancel_overdue(session: Session) -> None:
    """Cancel every running job whose grace time has passed; then its process ends itself."""
    grace_ms = int(settings.current().CANCEL_GRACE_SECONDS * 1_000)
    for job in ledger.overdue(session, grace_ms):
        if ledger.end_cancelled(session, job):
            slots.freed(session, job.channel)


def _take(session: Session, lost: Lost, code: str) -> None:
    if lost.mates > 1 and not lost.cancelled:
        # Which of the batch has ended its process is not known: each is tried alone.
        hint = ledger.release(session, lost, counts_as_loss=True)
        if hint:
            hints.publish(hint)
        return
    state = _next_state(lost)
    code = "cancelled" if state is State.CANCELLED else code
    again = state is State.RETRYING
    wait = _wait_seconds(lost, code) if again else 0.0
    at = lost.at + int(wait * 1_000)
    more = {"next_at": at} if again else {}
    content = announcing.data(lost, lost.attempt, error=_error(code), **more)
    event = announcing.draft(lost, f"job.{state}", content)
    if not ledger.lose(session, lost, state=state, at=at, error=_stored(code), event=event):
        return
    announcing.tell(lost, f"job.{state}", content)
    slots.freed(session, lost.channel)
    if again:
        hint = Hint(lost.channel, lost.id, lost.fence + 1, lost.headers)
        hints.publish(hint, seconds=wait)


def _next_state(lost: Lost) -> State:
    if lost.cancelled:
        return State.CANCELLED
    return State.FAILED if lost.attempt >= lost.max_attempts else State.RETRYING


def _wait_seconds(lost: Lost, code: str) -> float:
    """The first loss is bad luck; one that goes on losing its worker may be the killer."""
    if code == "lost" and lost.losses == 0:
        return 0.0
    known = registry.channels().get(lost.channel)
    return (known.options if known else Options()).delay(lost.attempt)


def _error(code: str) -> dict[str, str]:
    return {"code": code, "message": _WORDS[code]}


def _stored(code: str) -> str:
    return jsontext.dump(_error(code), name="error", limit=1_000)
