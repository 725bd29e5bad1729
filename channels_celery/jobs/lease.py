"""Leases of the handlers that run in this process, renewed from a thread of its own.

By `run`, and only attempts that are open here: never "rows with my name", which would keep alive
what nobody runs. The same statement stores the progress and brings back a cancel request or the
loss of the lease. A lease proves life, not progress: for that there is the time limit.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import DatabaseError

from channels_celery import jsontext, settings
from channels_celery.database import session

from . import ledger, pools
from .ledger import Claim

logger = logging.getLogger(__name__)

#: New progress is stored at most so often, and after a failure the next try is so near.
SOON_SECONDS = 1.0


class Lease:
    """One running attempt's hold on its job, as far as this process knows."""

    def __init__(self, claim: Claim, on_progress: Callable[[tuple[int, int]], None]) -> None:
        self.claim = claim
        self.lost = False
        self.cancelled = False
        self.progress: tuple[int, int] | None = None
        self._on_progress = on_progress
        self._renewed_at = time.monotonic()
        self._next = self._renewed_at + settings.current().HEARTBEAT_SECONDS

    @property
    def wait_seconds(self) -> float:
        """Until the next renewal."""
        return self._next - time.monotonic()

    def postpone(self) -> None:
        """Leave the row alone for one heartbeat: the handler's own transaction holds it."""
        self._next = time.monotonic() + settings.current().HEARTBEAT_SECONDS

    def note(self, progress: tuple[int, int]) -> None:
        """Take new progress; it is stored with a renewal that comes within a second."""
        self.progress = progress
        self._next = min(self._next, self._renewed_at + SOON_SECONDS)

    def renew(self) -> None:
        """Renew now; a database that is away is asked again soon, until the lease is lost."""
        progress = self.progress
        self._renewed_at = time.monotonic()
        self._next = self._renewed_at + settings.current().HEARTBEAT_SECONDS
        text = jsontext.dump(progress, name="progress", limit=200) if progress else ""
        lease_ms = int(settings.current().LEASE_SECONDS * 1_000)
        try:
            with session() as current:
                renewal = ledger.renew(
                    current, self.claim.id, self.claim.run, lease_ms=lease_ms, progress=text
                )
        except DatabaseError as error:
            logger.warning("job %s: lease not renewed: %s", self.claim.id, error)
            self._next = self._renewed_at + SOON_SECONDS
            return
        self.lost = self.lost or renewal is None
        self.cancelled = self.cancelled or (renewal is not None and renewal.cancel)
        if self.cancelled:
            # Its end is near: whoever takes the job must find this process stopped soon.
            self._next = min(self._next, self._renewed_at + SOON_SECONDS)
        if progress is not None:
            self._on_progress(progress)

    def taken(self) -> bool:
        """Whether the ledger has cancelled the job while its handler went on."""
        claim = self.claim
        try:
            with session() as current:
                return ledger.taken(current, claim.id, run=claim.run, fence=claim.fence)
        except DatabaseError:
            return False


class _Keeper:
    """The thread that renews; it sleeps while nothing runs."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._leases: set[Lease] = set()
        self._changed = threading.Condition()
        self._wakes_at = math.inf
        threading.Thread(target=self._run, name="channels_celery.lease", daemon=True).start()

    def hold(self, lease: Lease) -> None:
        with self._changed:
            self._leases.add(lease)
            # It sleeps on when another lease wakes it sooner.
            if lease.wait_seconds < self._wakes_at - time.monotonic():
                self._changed.notify()

    def drop(self, lease: Lease) -> None:
        with self._changed:
            self._leases.discard(lease)

    def wake(self) -> None:
        with self._changed:
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                waits = [lease.wait_seconds for lease in self._leases if not lease.lost]
                self._wakes_at = time.monotonic() + min(waits, default=math.inf)
                self._changed.wait(min(waits, default=None))
                held = [lease for lease in self._leases if not lease.lost]
            for lease in held:
                if lease.wait_seconds <= 0:
                    self._renew(lease)

    def _renew(self, lease: Lease) -> None:
        try:
            lease.renew()
            if lease.lost and lease.taken():
                self._end_with(lease)
        except Exception:
            # This thread lives on: all other handlers of this process depend on it.
            logger.exception("job %s: lease not renewed", lease.claim.id)

    def _end_with(self, lease: Lease) -> None:
        """End this process with a handler that did not stop; not if it has just returned."""
        with self._changed:
            if lease in self._leases:
                logger.warning("job %s was cancelled, its handler is ended", lease.claim.id)
                pools.end_this_child()


_keeper: _Keeper | None = None
_lock = threading.Lock()


@contextmanager
def held(claim: Claim, on_progress: Callable[[tuple[int, int]], None]) -> Iterator[Lease]:
    """Keep the claim's lease alive while its handler runs."""
    keeper, lease = _of_this_process(), Lease(claim, on_progress)
    keeper.hold(lease)
    try:
        yield lease
    finally:
        keeper.drop(lease)


def note_progress(lease: Lease, progress: tuple[int, int]) -> None:
    """Have new progress stored within a second."""
    lease.note(progress)
    _of_this_process().wake()


def _of_this_process() -> _Keeper:
    global _keeper
    with _lock:
        if _keeper is None or _keeper.process != os.getpid():
            _keeper = _Keeper()
        return _keeper


def _forget_after_fork() -> None:
    global _keeper, _lock
    _keeper, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget_after_fork)
