from __future__ import annotations

import os
import signal
import socket
import sys
import time
from contextlib import suppress

from .allowance import Allowance

#: It ends its decodes and then itself in milliseconds.
ENDS_SECONDS = 2.0
#: Where the server finds its socket.
CONTROL = 3
#: Of Python. -P: no module from the present directory in place of ours.
ARGUMENTS = ("-P", "-m", "tasks.thumbnailer.sandbox.server")
#: glibc's memory in pages of 2 MiB, where the kernel gives them to who asks: of 4 KiB a decode
#: touches tens of thousands for the first time, a third of a WebP's processor time.
MEMORY = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


class Link:
    """A running server as its users hold it, over forks too. It ends when the last lets go."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            self.pid = _spawn(theirs.fileno())
        self._starter = os.getpid()

    def ask(self, handles: list[int], allowed: Allowance) -> None:
        """Have an image decoded: its file, where results go, where the end is told.

        From any thread or forked process: so short a message goes whole. Raises OSError when the
        server has gone.
        """
        socket.send_fds(self._control, [allowed.pack()], handles)

    def close(self) -> None:
        """Let go; who started it waits until it has gone, and ends it if it does not go."""
        self._control.close()
        if os.getpid() == self._starter:
            with suppress(ChildProcessError):
                self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + ENDS_SECONDS
        while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.005)


def _spawn(control: int) -> int:
    """Python anew, by exec: safe at any time, whatever threads and connections there are here.

    It inherits no handle but its socket, standard output and error, and none of our environment.
    """
    # An empty entry is the present directory, which the server leaves.
    environment = {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)), **MEMORY}
    actions = [
        (os.POSIX_SPAWN_DUP2, control, CONTROL),
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDWR, 0),
    ]
    return os.posix_spawn(
        sys.executable,
        [sys.executable, *ARGUMENTS],
        environment,
        file_actions=actions,
        setsigmask=[],
    )
