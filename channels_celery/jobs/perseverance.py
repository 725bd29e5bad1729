from __future__ import annotations

import logging
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from channels_celery.database import Session, session
from channels_celery.repeat import BROKEN

logger = logging.getLogger(__name__)
T = TypeVar("T")

#: How long an attempt's own transitions are repeated: past it, its lease is long lost.
PERSEVERE_SECONDS = 60.0
_FIRST_WAIT_SECONDS = 0.05
_LONGEST_WAIT_SECONDS = 3.0

#: What Celery and an operator send to a process that runs a handler.
_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1}


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back signals: a soft time limit raised inside COMMIT would leave us not knowing."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def persevere(
    transition: Callable[[Session], T], *, seconds: float = PERSEVERE_SECONDS
) -> tuple[T, bool]:
    """Run a transition, again after a broken connection, deadlock or full lock, with jitter.

    Returns its result and whether it was repeated: then "0 rows" may mean that an earlier try had
    committed, and the caller reads the row. Raises the last error once the time is over, and at
    once inside a caller's transaction, which has broken as a whole.
    """
    deadline = time.monotonic() + seconds
    wait, repeated, joined = _FIRST_WAIT_SECONDS, False, False
    while True:
        try:
            with uninterrupted(), session() as current:
                joined = current.joined
                return transition(current), repeated
        except BROKEN as error:
            if joined or time.monotonic() + wait > deadline:
                raise
            logger.warning("transition interrupted, trying again: %s", error)
        time.sleep(random.uniform(0, wait))  # noqa: S311 - jitter
        wait, repeated = min(2 * wait, _LONGEST_WAIT_SECONDS), True
