from __future__ import annotations

import random
import threading
import time

from . import checker, client
from .faults import Faults
from .journal import Journal

TOPICS = [f"chaos.mix{number}" for number in range(4)]
#: Between one fault and the next one of the mix.
FAULT_SECONDS = 1.5
LOOK_SECONDS = 1.0


class Mix:
    """Jobs sent at a steady rate while everything is killed, cut and stopped."""

    def __init__(self, url: str, journal: Journal, faults: Faults, chance: random.Random) -> None:
        self._url, self._journal, self._faults, self._chance = url, journal, faults, chance

    def run(self, jobs: int, *, a_second: float) -> None:
        """Return once every job is accepted and every kind of fault has happened."""
        senders = [
            threading.Thread(target=self._send, args=(topic, jobs // len(TOPICS), a_second))
            for topic in TOPICS
        ]
        for sender in senders:
            sender.start()
        left: list[str] = []
        happened: set[str] = set()
        while any(sender.is_alive() for sender in senders) or happened != set(self._faults.kinds):
            left = left or self._chance.sample(sorted(self._faults.kinds), len(self._faults.kinds))
            kind = left.pop()
            happened.add(kind)
            self._journal.write("fault", kind=kind)
            self._faults.kinds[kind]()
            time.sleep(FAULT_SECONDS)

    def _send(self, topic: str, jobs: int, a_second: float) -> None:
        begun = time.monotonic()
        for n in range(jobs):
            message = {"n": n, "seconds": 0.02}
            client.send(self._url, self._journal, topic, "short", message)
            ahead = n * len(TOPICS) / a_second - (time.monotonic() - begun)
            time.sleep(max(0.0, ahead))


def wait_for_outcomes(journal: Journal, still_seconds: float) -> checker.Found:
    """What the journal says once nothing is lost, or once nothing more came for so long."""
    found = checker.check(journal.path)
    moved = time.monotonic()
    while found.lost and time.monotonic() - moved < still_seconds:
        time.sleep(LOOK_SECONDS)
        before, found = found, checker.check(journal.path)
        if len(found.lost) < len(before.lost):
            moved = time.monotonic()
    return found
