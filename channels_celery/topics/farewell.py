from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from . import protocol

#: What sockets have to get their `bye` out before the server ends.
BYE_SECONDS = 0.2
SIGNALS = (signal.SIGTERM, signal.SIGINT)

SayBye = Callable[[int, str], None]


class Farewell:
    """Says bye to all sockets before the server's own end.

    Daphne sends no close frame on SIGTERM, and cancels nobody when a socket was opened within
    the last second, so neither can be waited for. The server's handler is kept and called from
    the loop a moment later. A second signal goes to the server at once.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, say_bye: SayBye) -> None:
        self._loop = loop
        self._say_bye = say_bye
        self._kept: dict[int, Any] = {}
        self._said = False

    @classmethod
    def chained(cls, loop: asyncio.AbstractEventLoop, say_bye: SayBye) -> Farewell | None:
        """Installed before the server's handlers; None outside the main thread, where none are.

        Called with the first socket: Twisted and uvicorn have installed theirs by then.
        """
        if threading.current_thread() is not threading.main_thread():
            return None
        farewell = cls(loop, say_bye)
        for number in SIGNALS:
            kept = signal.getsignal(number)
            # None was installed from C and can't be called; an ignored signal stays ignored.
            if kept is not None and kept != signal.SIG_IGN:
                farewell._kept[number] = kept
                signal.signal(number, farewell._hear)
        return farewell

    def unchain(self) -> None:
        """Put back what was kept, unless somebody else has installed something since."""
        for number, kept in self._kept.items():
            if signal.getsignal(number) == self._hear:
                signal.signal(number, kept)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._said or self._loop.is_closed():
            self._pass_on(number, frame)
            return
        self._said = True
        self._loop.call_soon_threadsafe(self._leave, number)

    def _leave(self, number: int) -> None:
        self._loop.call_later(BYE_SECONDS, self._pass_on, number, None)
        self._say_bye(protocol.SHUTDOWN, "The server restarts.")

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        kept = self._kept[number]
        if callable(kept):
            kept(number, frame)
        else:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
