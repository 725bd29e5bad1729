from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from .children import Child, say

TICK_SECONDS = 0.1
LOOK_SECONDS = 0.5
#: 30 s: longer than a worker's own grace for its handlers.
STOP_TICKS = 300


class Supervisor:
    """Keeps the children running until a signal comes, then ends them, the last kind first."""

    def __init__(self, children: Sequence[Child]) -> None:
        self._children = children
        self._signals = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Under nohup a closed terminal ends nothing.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._signalled)

    def run(self, look: Callable[[], None]) -> None:
        """Tend the children and `look` about once a second, until a signal comes."""
        looked = time.monotonic()
        try:
            while not self._signals:
                for child in self._children:
                    child.tend()
                if time.monotonic() - looked > LOOK_SECONDS:
                    look()
                    looked = time.monotonic()
                time.sleep(TICK_SECONDS)
        finally:
            say("up", "stopping")
            self.stop(self._children)
            say("up", "stopped")

    def stop(self, children: Sequence[Child]) -> None:
        """End them in the reverse order of their kinds; a further signal ends them at once."""
        signals = self._signals
        for _, group in groupby(reversed(children), key=lambda child: child.kind):
            members = list(group)
            for child in members:
                child.ask_to_end()
            for _ in range(STOP_TICKS):
                if self._signals > signals or not any(child.alive() for child in members):
                    break
                time.sleep(TICK_SECONDS)
            for child in members:
                child.end()

    def _signalled(self, *_: Any) -> None:
        self._signals += 1
