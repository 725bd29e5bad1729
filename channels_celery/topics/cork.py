"""Under Daphne, what is written to sockets leaves in slices, at the latest in the next turn.

Twisted would enter each socket in its loop to write it in the next turn, and take it out again:
half the cost of a fan-out. asyncio's own transports, and so uvicorn, write at once. Here the entry
is caught and the socket written, by the names of Twisted's public interfaces
(`IReactorFDSet.addWriter`, `IFileDescriptor.fileno`, `IWriteDescriptor.doWrite`). Why not each
frame at once: the server's code for many sockets, then the kernel's for all of them, is a seventh
quicker than in turns.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Generator
from typing import Any

#: Twisted is looked up, never imported: nobody but Daphne needs it.
_REACTOR, _THREADS = "twisted.internet.reactor", "twisted.python.threadable"
#: So many sockets leave together: fewer are slower, and with more the first reader waits longer.
SLICE = 50


class Cork:
    """What the sockets of one event loop have written and the kernel does not have yet.

    A socket that is written again in the turn in which it has left waits for the turn's end: so a
    burst to many sockets leaves each in two pieces, however long it is.
    """

    __slots__ = ("_held", "_left", "_reactor", "_slicing", "_turning")

    def __init__(self) -> None:
        self._reactor = _reactor()
        #: In order, each once.
        self._held: dict[Any, None] = {}
        self._left: set[Any] = set()
        self._slicing = True
        self._turning = False

    def first_step(self, steps: Generator[Any, Any, None]) -> Any:
        """Take the first step of a server's `send`, and see to what it writes.

        Raises what the step raises.
        """
        reactor = self._reactor
        if reactor is None:
            return next(steps)
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._end_turn)
        reactor.addWriter = self._held.setdefault
        try:
            return next(steps)
        finally:
            # Its method shows again.
            del reactor.addWriter
            if self._slicing and len(self._held) >= SLICE:
                self._end_slice()

    def _end_slice(self) -> None:
        self._slicing = self._left.isdisjoint(self._held)
        if self._slicing:
            self._left.update(self._held)
            self._write()

    def _end_turn(self) -> None:
        self._turning, self._slicing = False, True
        self._left.clear()
        self._write()

    def _write(self) -> None:
        held, self._held = self._held, {}
        for writer in held:
            if writer.fileno() == -1:
                # Its connection ended meanwhile.
                continue
            try:
                failed = writer.doWrite()
            except Exception as error:  # noqa: BLE001 - the reactor meets it again, and knows what to do
                failed = error
            # What the kernel did not take, and a socket that is gone, are the reactor's.
            if failed or getattr(writer, "dataBuffer", True):
                self._reactor.addWriter(writer)


def _reactor() -> Any:
    """Twisted's reactor, where it runs in this thread."""
    reactor, threads = sys.modules.get(_REACTOR), sys.modules.get(_THREADS)
    return reactor if reactor and threads and threads.isInIOThread() else None
