"""Removing jobs that ended long ago, in small steps, so that nothing else waits."""

from __future__ import annotations

import time
from uuid import UUID

from channels_celery import settings
from channels_celery.database import Session

from . import ledger

#: Jobs that one step looks at.
CHUNK = 1_000
#: How long one tick of the reconciler may go on with it.
BUDGET_SECONDS = 0.2
#: Between the end of one pass over the old jobs and the next.
PASS_SECONDS = 60.0
_DAY_MS = 86_400_000
_FIRST = UUID(int=0)


class Pruner:
    """Passes over the jobs that are old enough; of all workers only the first does it."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._after = _FIRST
        self._next = 0.0

    def step(self, session: Session) -> None:
        """Do a little of what is to be done, if it is time."""
        deadline = time.monotonic() + BUDGET_SECONDS
        if time.monotonic() < self._next:
            return
        if self._after == _FIRST and not self._leads(session):
            self._next = time.monotonic() + PASS_SECONDS
            return
        while last := _prune(session, self._after):
            self._after = last
            if time.monotonic() >= deadline:
                return
        self._after, self._next = _FIRST, time.monotonic() + PASS_SECONDS

    def _leads(self, session: Session) -> bool:
        ids = [worker.id for worker in ledger.live_workers(session)]
        return min(ids, default=self._worker) == self._worker


def _prune(session: Session, after: UUID) -> UUID | None:
    succeeded_ms = int(settings.current().KEEP_SUCCEEDED_DAYS * _DAY_MS)
    failed_ms = int(settings.current().KEEP_FAILED_DAYS * _DAY_MS)
    # Who sent later than this can not have ended early enough.
    latest_ms = int(time.time() * 1_000) - min(succeeded_ms, failed_ms)
    before = UUID(int=max(0, latest_ms) << 80)
    chunk = ledger.prune(
        session,
        after=after,
        before=before,
        chunk=CHUNK,
        succeeded_ms=succeeded_ms,
        failed_ms=failed_ms,
    )
    return chunk.last
