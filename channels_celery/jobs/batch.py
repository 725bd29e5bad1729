"""Several first attempts in one Celery task: for handlers so small that the task costs more.

Their outcomes are recorded in groups from a thread of its own, at the latest after 20 ms, so a
lost process repeats at most that group. What runs a second time runs alone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from types import TracebackType

from django.db import DatabaseError, connections

from channels_celery import settings
from channels_celery.database import session

from . import hints, lease, ledger, stopping
from .handle import Job
from .ledger import Claim
from .options import Options
from .outcomes import Finished, record_together
from .verdict import Verdict

logger = logging.getLogger(__name__)

#: A finished handler's outcome waits for others no longer than this.
GROUP_SECONDS = 0.02
#: A batch begins no more handlers after so long: the rest is given back.
BATCH_SECONDS = 1.0

Work = Callable[[Job], Verdict]
Recorded = tuple[Job, Verdict | None]


def run(claims: Sequence[Claim], started: float, options: Options, work: Work) -> list[Recorded]:
    """Work on each claim in turn; what became of those that were begun."""
    deadline = started + budget_seconds(options)
    waiting = [Job(claim, started) for claim in claims]
    with ExitStack() as leases, _Recorder() as recorder:
        for job in waiting:
            job.held_by(leases.enter_context(lease.held(job.claim, job.tell_progress)))
        try:
            while waiting and not stopping.begun() and time.monotonic() < deadline:
                job = waiting.pop(0)
                recorder.add(Finished(job, work(job)))
        finally:
            _give_back(job.claim for job in waiting)
    return recorder.recorded


def budget_seconds(options: Options) -> float:
    """How long one Celery task goes on to begin handlers.

    The pool's limits count for the whole task: there is room left for the last one.
    """
    limits = [limit for limit in (options.soft_time_limit, options.time_limit) if limit]
    return min(BATCH_SECONDS, *(limit / 4 for limit in limits)) if limits else BATCH_SECONDS


def _give_back(claims: Iterable[Claim]) -> None:
    for claim in claims:
        try:
            with session() as current:
                hint = ledger.release(current, claim)
        except DatabaseError as error:
            logger.warning("job %s waits for its lease to end: %s", claim.id, error)
            return
        if hint:
            hints.publish(hint)


class _Recorder:
    """Records what it is given, together with what else is finished by then."""

    def __init__(self) -> None:
        self.recorded: list[Recorded] = []
        self._pending: list[Finished] = []
        self._changed = threading.Condition()
        self._closed = False
        # Another thread would not see what a transaction that is open here has claimed.
        self._here = connections[settings.current().DATABASE].in_atomic_block
        self._thread = threading.Thread(target=self._run, name="channels_celery.batch", daemon=True)

    def __enter__(self) -> _Recorder:
        if not self._here:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        if not self._here:
            self._thread.join()

    def add(self, finished: Finished) -> None:
        if self._here:
            self._record([finished])
            return
        with self._changed:
            self._pending.append(finished)
            if len(self._pending) == 1:
                self._changed.notify()

    def _run(self) -> None:
        while group := self._next_group():
            try:
                self._record(group)
            except Exception:
                logger.exception("%d outcomes were not recorded: their jobs run again", len(group))

    def _next_group(self) -> list[Finished]:
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closed)
            self._changed.wait_for(lambda: self._closed, timeout=GROUP_SECONDS)
            group, self._pending = self._pending, []
        return group

    def _record(self, group: Sequence[Finished]) -> None:
        verdicts = record_together(group)
        self.recorded += zip((one.job for one in group), verdicts, strict=True)
