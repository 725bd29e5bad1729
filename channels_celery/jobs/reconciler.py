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
from collections.abc import Callable
from functools import partial

from django.db import connections

from channels_celery import database, settings
from channels_celery.database import Session
from channels_celery.topics.trimming import Trimmer

from . import backlog, ledger, losses, stopping
from .hints import Broker
from .ledger import LiveWorker
from .pruning import Pruner

logger = logging.getLogger(__name__)

#: After a failure the wait doubles up to here: a worker without its broker is still seen to beat,
#: and what waits begins soon after the broker is back.
LONGEST_WAIT_SECONDS = 10.0

Runs = list[tuple[str, str]]

_fork_lock = threading.RLock()


class Reconciler:
    """What one worker does for all jobs, whoever ran them."""

    def __init__(self, worker: LiveWorker, *, in_children: bool) -> None:
        self._worker = worker
        self._in_children = in_children
        self._pruner = Pruner(worker.id)
        self._trimmer = Trimmer()
        self._gone: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        self._stopping = False
        self._left = False
        self._last = time.monotonic()
        self._thread = threading.Thread(
            target=self._run, name="channels_celery.reconciler", daemon=True
        )

    def start(self) -> None:
        _guard_forks()
        self._thread.start()

    def stop(self) -> None:
        """Begin the grace time of the handlers that run; never blocks."""
        self._stopping = True
        self._gone.put(None)

    def join(self) -> None:
        """The worker's last act, when its handlers have ended."""
        self._stopping = self._left = True
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
        # Its row grows old by itself when this fails.
        _alone(lambda session, _: ledger.leave(session, self._worker.id))
        self._wait_for_handlers()

    def _wait_for_handlers(self) -> None:
        """Let handlers end by themselves; after the grace time give back what they do."""
        deadline = time.monotonic() + settings.current().STOP_GRACE_SECONDS
        while not self._left and (left := deadline - time.monotonic()) > 0:
            runs = self._next_runs(left)
            if runs:
                _alone(partial(_reap, runs=runs))
        if not self._left:
            _alone(stopping.give_back)
            stopping.end_handlers(in_children=self._in_children)

    def _next_runs(self, seconds: float) -> Runs:
        found = []
        try:
            found.append(self._gone.get(timeout=seconds))
            while True:
                found.append(self._gone.get_nowait())
        except queue.Empty:
            pass
        return [run for run in found if run is not None]

    def _tick(self, runs: Runs) -> bool:
        """One round; False: the database or the broker did not answer."""
        return _alone(lambda session, broker: self._reconcile(session, broker, runs))

    def _reconcile(self, session: Session, broker: Broker, runs: Runs) -> None:
        _reap(session, broker, runs)
        ledger.beat(session, self._worker)
        losses.reap(session)
        losses.cancel_overdue(session)
        losses.expire(session)
        self._pruner.step(session)
        self._trimmer.step(session)
        elapsed, self._last = time.monotonic() - self._last, time.monotonic()
        backlog.repeat(session, broker, self._worker.id, elapsed)


def _reap(session: Session, _: Broker, runs: Runs) -> None:
    for run, code in runs:
        losses.reap_run(session, run, code)


def _alone(work: Callable[[Session, Broker], None]) -> bool:
    """Work while nothing forks, and leave no connection open; False: something did not answer."""
    with _fork_lock:
        broker = Broker()
        try:
            with database.session() as session:
                work(session, broker)
        except Exception as error:  # noqa: BLE001 - it waits, it never exits
            logger.warning("reconciler waits: %r", error)
            return False
        finally:
            broker.close()
            _close_all()
    return True


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
