"""The thread in each worker's main process that sets right what was lost.

It reaps, expires, repeats hints and beats. It holds a lock that every fork waits for, and no
connection is open outside it: a child that inherits an open SQLite connection loses commits
without an error (seen), one that inherits libpq's or kombu's talks into its parent's.
"""

from __future__ import annotations

import logging
import os
import queue
import random
import threading
import time

from django.db import connections

from channels_celery import database, settings

from . import backlog, ledger, losses
from .hints import Broker
from .ledger import LiveWorker

logger = logging.getLogger(__name__)

#: After a failure the wait doubles up to here.
LONGEST_WAIT_SECONDS = 30.0

_fork_lock = threading.RLock()


class Reconciler:
    """What one worker does for all jobs, whoever ran them."""

    def __init__(self, worker: LiveWorker) -> None:
        self._worker = worker
        self._gone: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        self._stopping = False
        self._last = time.monotonic()
        self._thread = threading.Thread(
            target=self._run, name="channels_celery.reconciler", daemon=True
        )

    def start(self) -> None:
        _guard_forks()
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._gone.put(None)
        self._thread.join(timeout=2 * database.STATEMENT_TIMEOUT_SECONDS)

    def lost(self, run: str, code: str) -> None:
        """A child that ran this Celery task is gone; never blocks."""
        self._gone.put((run, code))

    def _run(self) -> None:
        failures = 0
        self._tick([])
        while not self._stopping:
            runs = self._next_runs(_wait_seconds(failures))
            failures = 0 if self._tick(runs) else failures + 1
            if failures:
                # What we were told is kept until the database has taken it.
                for run in runs:
                    self._gone.put(run)
        self._say_goodbye()

    def _next_runs(self, seconds: float) -> list[tuple[str, str]]:
        found = []
        try:
            found.append(self._gone.get(timeout=seconds))
            while True:
                found.append(self._gone.get_nowait())
        except queue.Empty:
            pass
        return [run for run in found if run is not None]

    def _tick(self, runs: list[tuple[str, str]]) -> bool:
        """One round; False: the database or the broker did not answer."""
        with _fork_lock:
            broker = Broker()
            try:
                with database.session() as session:
                    for run, code in runs:
                        losses.reap_run(session, run, code)
                    ledger.beat(session, self._worker)
                    losses.reap(session)
                    losses.cancel_overdue(session)
                    losses.expire(session)
                    elapsed, self._last = time.monotonic() - self._last, time.monotonic()
                    backlog.repeat(session, broker, self._worker.id, elapsed)
            except Exception as error:  # noqa: BLE001 - it waits, it never exits
                logger.warning("reconciler waits: %r", error)
                return False
            finally:
                broker.close()
                _close_all()
        return True

    def _say_goodbye(self) -> None:
        with _fork_lock:
            try:
                with database.session() as session:
                    ledger.leave(session, self._worker.id)
            except Exception as error:  # noqa: BLE001 - its row grows old by itself
                logger.warning("worker row not removed: %r", error)
            finally:
                _close_all()


def _wait_seconds(failures: int) -> float:
    tick = settings.current().RECONCILE_SECONDS
    longest = min(tick * 2 ** min(failures, 8), LONGEST_WAIT_SECONDS)
    # Full jitter after a failure, a little always: reconcilers must not move in step.
    return random.uniform(0.1, 1.0) * longest if failures else tick * random.uniform(0.9, 1.1)  # noqa: S311


def _close_all() -> None:
    database.close_idle()
    connections.close_all()


_guarded = False


def _guard_forks() -> None:
    global _guarded
    if not _guarded:
        _guarded = True
        os.register_at_fork(
            before=_fork_lock.acquire,
            after_in_parent=_fork_lock.release,
            after_in_child=_new_lock,
        )


def _new_lock() -> None:
    global _fork_lock
    _fork_lock = threading.RLock()
