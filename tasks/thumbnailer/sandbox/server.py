"""The process that forks decoders: imports Pillow once, holds no secret and has no thread.

Started by exec, so that nothing of a worker (its database, its environment) is in it or in what it
forks. It lives until the last holder of its socket is gone.
"""

from __future__ import annotations

import gc
import io
import os
import selectors
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

from PIL import Image

from tasks.thumbnailer.pipeline.making import make

from .allowance import ALLOWANCE_BYTES, Allowance
from .confinement import Confinement
from .decoding import decode
from .endings import Ending
from .starting import CONTROL


@dataclass(slots=True)
class Running:
    """A decode under way: whom to tell of its end, and when that comes at the latest."""

    asker: socket.socket
    deadline: float
    killed: bool = False


class Server:
    """Forks a process for each request, watches its time, and tells how it ended."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._confinement = Confinement()
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
        for pid in self._running:
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
            pid = os.fork()
        except OSError as error:
            _tell(asker, Ending(not_started=error.errno or 1))
        else:
            if pid == 0:
                decode(image, results, allowed, self._confinement)
            self._running[pid] = Running(asker, time.monotonic() + allowed.wall_seconds)
            # Who asked says nothing more: when there is something to read, it has gone.
            self._selector.register(asker, selectors.EVENT_READ, pid)
        os.close(image)
        os.close(results)
        return True

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
        while self._running:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return
            one = self._running.pop(pid)
            if not one.killed:
                self._selector.unregister(one.asker)
            cpu_ms = int(1_000 * (usage.ru_utime + usage.ru_stime))
            _tell(one.asker, Ending(status=status, cpu_ms=cpu_ms, was_late=one.killed))


def _tell(asker: socket.socket, ending: Ending) -> None:
    with asker, suppress(OSError):
        asker.send(ending.pack())


def _noted(_: int, __: FrameType | None) -> None:
    """That it wakes the server up is all that is wanted."""


def _warm_up() -> None:
    """One decode of a picture of our own: what the first one sets up, all the forked share."""
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "JPEG")
    for _ in make(file):
        pass


def main() -> None:
    # A terminal's Ctrl-C and a supervisor's SIGTERM are for the worker, which may still decode.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.chdir("/")
    _warm_up()
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
