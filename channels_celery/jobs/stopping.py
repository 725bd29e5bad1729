"""Stopping a worker: no new claims, a grace time, then what still runs is given back.

Celery waits for its tasks for ever, and a killed one would count as an attempt.
"""

from __future__ import annotations

import logging
import mmap
import os
import signal
from typing import Any

from celery.worker import state as worker_state

from channels_celery.database import Session

from . import hints, ledger, losses
from .hints import Broker, Hint

logger = logging.getLogger(__name__)

#: One byte that the main process shares with the children it forks.
_flag: mmap.mmap | None = None


def prepare() -> None:
    """Called in the main process before its pool forks."""
    global _flag
    _flag = mmap.mmap(-1, 1)


def begin() -> None:
    """From now on no process of this worker claims a job."""
    if _flag is not None:
        _flag[0] = 1


def begun() -> bool:
    return _flag is not None and _flag[0] == 1


def give_back(session: Session, broker: Broker) -> None:
    """Release every job that this worker's processes still run, its attempt not counted."""
    released: list[Hint] = []
    for request in _running():
        for lost in ledger.lost_runs(session, request.id):
            hint = ledger.release(session, lost)
            released += [hint] if hint else []
        # What is left was asked to stop anyway.
        losses.reap_run(session, request.id, "lost")
    logger.warning("stopping: %d jobs were given back", len(released))
    hints.publish_all(broker, released)


def end_handlers(*, in_children: bool) -> None:
    """End the handlers whose jobs were given back; other Celery tasks go on."""
    requests = _running()
    if in_children:
        for request in requests:
            _end(request.worker_pid)
    elif requests and len(requests) == len(worker_state.requests):
        os._exit(0)


def _running() -> list[Any]:
    """Celery's requests of channels that a process of this worker has begun."""
    # A copy in one step: the main thread changes it meanwhile.
    requests = list(worker_state.requests.values())
    return [one for one in requests if one.name.startswith("channel.") and one.worker_pid]


def _end(pid: int | None) -> None:
    if pid is None:
        return
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
