from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from channels_celery import loop

#: After a message a group rests for so long; what is in no hurry waits meanwhile for the next one.
REST_SECONDS = 0.1
#: What may wait for one group; past it, what is in no hurry is dropped.
WAITING_BYTES = 256 * 1024

Send = Callable[[str, list[Any]], None]


class Gathering:
    """Entries on their way to groups of the layer, those in no hurry several in one message.

    A message costs each process that hears it a quarter of a millisecond, as much as a whole
    websocket echo. The first entry goes at once; what comes within the rest goes together after
    it. Callable from any thread.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self.forget()

    def now(self, group: str, entry: Any) -> None:
        """Send it at once, behind what waits for its group."""
        with self._lock:
            waiting = self._resting.get(group)
            entries = [*waiting, entry] if waiting else [entry]
            if waiting:
                waiting.clear()
                self._bytes[group] = 0
            self._send(group, entries)

    def soon(self, group: str, entry: Any, size: int) -> None:
        """Send it when the group has rested; `size` is about its bytes."""
        with self._lock:
            waiting = self._resting.get(group)
            if waiting is None:
                self._go(group, [entry])
            elif self._bytes[group] + size <= WAITING_BYTES:
                waiting.append(entry)
                self._bytes[group] += size

    def forget(self) -> None:
        """In a forked child: what waits is the parent's."""
        self._lock = threading.Lock()
        self._resting: dict[str, list[Any]] = {}
        self._bytes: dict[str, int] = {}

    def _go(self, group: str, entries: list[Any]) -> None:
        try:
            running = loop.running()
            running.call_soon_threadsafe(running.call_later, REST_SECONDS, self._rested, group)
        except RuntimeError:
            # The interpreter is ending and starts no thread: nothing would end the rest.
            return
        self._resting[group], self._bytes[group] = [], 0
        self._send(group, entries)

    def _rested(self, group: str) -> None:
        with self._lock:
            waiting = self._resting.pop(group, None)
            self._bytes.pop(group, None)
            if waiting:
                self._go(group, waiting)
