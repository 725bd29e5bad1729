"""Recording how attempts ended, and telling the world once it is committed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import DatabaseError

from channels_celery import failpoints

from . import announcing, ledger
from .handle import Job
from .ledger import Claim
from .perseverance import persevere
from .states import State
from .verdict import Ended, Succeeded, Verdict, cancelled, succeed

logger = logging.getLogger(__name__)

#: Results up to this size are recorded together in one statement.
SMALL_RESULT_CHARACTERS = 10_000


@dataclass(frozen=True, slots=True)
class Finished:
    """A handler's end that is to be recorded."""

    job: Job
    verdict: Verdict

    @property
    def plain(self) -> bool:
        """Nothing but a small result, for which many jobs can share a statement."""
        return (
            isinstance(self.verdict, Succeeded)
            and len(self.verdict.text) <= SMALL_RESULT_CHARACTERS
            and not self.job.topic
            and not self.job.promised
        )


def record(finished: Finished) -> Verdict | None:
    """The outcome that `job.succeed` has committed, else the handler's own; None: lease lost."""
    job, verdict = finished.job, finished.verdict
    recorded = None if job.succeeded else _record(job.claim, verdict)
    if recorded is not None or not job.promised:
        return recorded
    # Its COMMIT may have been interrupted, or is a test's that never comes.
    if not job.succeeded and _confirmed(job.claim) is not State.SUCCEEDED:
        return None
    if isinstance(verdict, Ended):
        logger.warning("job %s has succeeded, then raised", job.id, exc_info=verdict.error)
    return succeed(None)


def record_together(group: Sequence[Finished]) -> list[Verdict | None]:
    """Record several in few commits: what is plain in one statement, the rest one by one."""
    plain = [one for one in group if one.plain]
    done = _record_plain(plain) if len(plain) > 1 else set()
    return [one.verdict if one.job.id in done else record(one) for one in group]


def _record_plain(plain: Sequence[Finished]) -> set[object]:
    """The jobs whose outcomes are recorded now; the others are looked at one by one."""
    results = [
        (one.job.claim, one.verdict.text) for one in plain if isinstance(one.verdict, Succeeded)
    ]
    failpoints.reach("before-outcome")
    try:
        done, _ = persevere(lambda session: ledger.succeed_together(session, results))
    except DatabaseError as error:
        logger.warning("%d outcomes could not be recorded together: %s", len(plain), error)
        return set()
    failpoints.reach("after-outcome")
    for one in plain:
        if one.job.id in done:
            _tell(one.job.claim, one.verdict)
    return set(done)


def _record(claim: Claim, verdict: Verdict) -> Verdict | None:
    """The verdict as it was recorded; None: the attempt has lost its lease."""
    if _recorded(claim, verdict):
        return verdict
    if isinstance(verdict, Ended) and verdict.state is State.RETRYING:
        # Who was asked to stop gets no other run, also when no heartbeat has said so yet.
        instead = cancelled(verdict.error)
        return instead if _recorded(claim, instead) else None
    return None


def _recorded(claim: Claim, verdict: Verdict) -> bool:
    content = announcing.data(claim, claim.attempt, **verdict.content)
    event = announcing.draft(claim, verdict.event, content)
    failpoints.reach("before-outcome")
    recorded, _ = persevere(lambda session: verdict.record(session, claim, event))
    failpoints.reach("after-outcome")
    # An interrupted try may have committed: then this one has found nothing to do.
    if recorded or _confirmed(claim) is verdict.state:
        announcing.tell(claim, verdict.event, content)
        return True
    return False


def _confirmed(claim: Claim) -> State | None:
    found, _ = persevere(lambda session: ledger.confirm(session, claim))
    return found


def _tell(claim: Claim, verdict: Verdict) -> None:
    content = announcing.data(claim, claim.attempt, **verdict.content)
    announcing.tell(claim, verdict.event, content)
