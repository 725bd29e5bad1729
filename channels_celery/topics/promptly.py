"""Under Daphne, what is written to a socket leaves at once.

Twisted would write it in the next turn of its loop, for which it enters the socket in the loop and
takes it out again: half the cost of a fan-out. asyncio's own transports, and so uvicorn, write at
once. Here the entry is caught and the socket written, by the names of Twisted's public interfaces
(`IReactorFDSet.addWriter`, `IWriteDescriptor.doWrite`).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Generator
from typing import Any

#: Twisted is looked up, never imported: nobody but Daphne needs it.
_REACTOR, _THREADS = "twisted.internet.reactor", "twisted.python.threadable"
#: Sockets that were written in this turn of the loop.
_written: set[object] = set()


def first_step(steps: Generator[Any, Any, None], socket: object) -> Any:
    """Take the first step of a server's `send`, and let out what it writes.

    A socket's second write in one turn of the loop goes Twisted's way: so a burst leaves in two
    pieces, however long it is. Raises what the step raises.
    """
    reactor = _reactor()
    if reactor is None or socket in _written:
        return next(steps)
    if not _written:
        asyncio.get_running_loop().call_soon(_written.clear)
    _written.add(socket)
    held: list[Any] = []
    reactor.addWriter = held.append
    try:
        return next(steps)
    finally:
        # Its method shows again.
        del reactor.addWriter
        for writer in held:
            _write(reactor, writer)


def _reactor() -> Any:
    """Twisted's reactor, where it runs in this thread."""
    reactor, threads = sys.modules.get(_REACTOR), sys.modules.get(_THREADS)
    return reactor if reactor and threads and threads.isInIOThread() else None


def _write(reactor: Any, writer: Any) -> None:
    try:
        failed = writer.doWrite()
    except Exception as error:  # noqa: BLE001 - the reactor meets it again, and knows what to do
        failed = error
    # What the kernel did not take, and a socket that is gone, are the reactor's.
    if failed or getattr(writer, "dataBuffer", True):
        reactor.addWriter(writer)
