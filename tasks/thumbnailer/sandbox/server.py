"""The process that forks decoders: imports Pillow once, holds no secret and has no thread.

Started by exec, so that nothing of a worker (its database, its environment) is in it or in what it
forks. It lives until the last holder of its socket is gone.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from resource import struct_rusage
from types import FrameType

from .allowance import ALLOWANCE_BYTES, Allowance
from .confinement import Confinement
from .endings import Ending
from .rehearsal import rehearse
from .spare import Spare
from .starting import CONTROL


@dataclass(slots=True)
class Running:
    """A decode under way: whom to tell of its end, and when that comes at the latest."""

    asker: socket.socket
    deadline: float
    killed: bool = False


class Server:
    """Has a process forked ahead for each request, watches its time, and tells how it ended."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._confinement = Confinement()
        self._spare: Spare | None = None
        self._running: dict[int, Running] = {}
        self._selector = selectors.DefaultSelector()
        self._woken, wake = os.pipe()
        for end in (self._woken, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, _noted)
        self._selector.register(control, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def serve(self) -> None:
        """Until nobody can ask any more; what still runs then ends with it."""
        self._fork_ahead()
        while True:
            for key, _ in self._selector.select(self._wait_seconds()):
                if key.fileobj == self._woken:
                    os.read(self._woken, 4096)
                elif key.data is not None:
                    self._kill(key.data)
                elif not self._accept():
                    return
            self._kill_late()
            self._reap()

    def end(self) -> None:
        for pid in [*self._running, *([self._spare.pid] if self._spare else [])]:
            os.kill(pid, signal.SIGKILL)

    def _wait_seconds(self) -> float | None:
        ends = [one.deadline for one in self._running.values() if not one.killed]
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def _accept(self) -> bool:
        data, handles, _, _ = socket.recv_fds(self._control, ALLOWANCE_BYTES, 3)
        if not data:
            return False
        image, results, told = handles
        allowed, asker = Allowance.unpack(data), socket.socket(fileno=told)
        try:
            pid = self._hand_over(image, results, allowed)
        except OSError as error:
            _tell(asker, Ending(not_started=error.errno or 1))
        else:
            self._running[pid] = Running(asker, time.monotonic() + allowed.wall_seconds)
            # Who asked says nothing more: when there is something to read, it has gone.
            self._selector.register(asker, selectors.EVENT_READ, pid)
        os.close(image)
        os.close(results)
        self._fork_ahead()
        return True

    def _hand_over(self, image: int, results: int, allowed: Allowance) -> int:
        """To the spare, or to a process forked now if there is none or it was killed."""
        spare, self._spare = self._spare, None
        if spare is not None:
            with suppress(OSError):
                spare.decode(image, results, allowed)
                return spare.pid
        spare = Spare(self._confinement)
        spare.decode(image, results, allowed)
        return spare.pid

    def _fork_ahead(self) -> None:
        """After each image, and never because a spare has died: that could go on for ever."""
        # Without room for it now, the next image asks again.
        with suppress(OSError):
            self._spare = Spare(self._confinement)

    def _kill(self, pid: int) -> None:
        self._running[pid].killed = True
        self._selector.unregister(self._running[pid].asker)
        os.kill(pid, signal.SIGKILL)

    def _kill_late(self) -> None:
        now = time.monotonic()
        for pid, one in self._running.items():
            if one.deadline <= now and not one.killed:
                self._kill(pid)

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while (ended := os.wait4(-1, os.WNOHANG))[0]:
                self._ended(*ended)

    def _ended(self, pid: int, status: int, usage: struct_rusage) -> None:
        if self._spare is not None and pid == self._spare.pid:
            self._spare.close()
            self._spare = None
        if (one := self._running.pop(pid, None)) is None:
            return
        if not one.killed:
            self._selector.unregister(one.asker)
        cpu_ms = int(1_000 * (usage.ru_utime + usage.ru_stime))
        _tell(one.asker, Ending(status=status, cpu_ms=cpu_ms, was_late=one.killed))


def _tell(asker: socket.socket, ending: Ending) -> None:
    with asker, suppress(OSError):
        asker.send(ending.pack())


def _noted(_: int, __: FrameType | None) -> None:
    """That it wakes the server up is all that is wanted."""


def main() -> None:
    # A terminal's Ctrl-C and a supervisor's SIGTERM are for the worker, which may still decode.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.chdir("/")
    rehearse()
    gc.collect()
    # What is here now is never looked at again, so that forks go on sharing it.
    gc.freeze()
    server = Server(socket.socket(fileno=CONTROL))
    try:
        server.serve()
    finally:
        server.end()


if __name__ == "__main__":
    main()
