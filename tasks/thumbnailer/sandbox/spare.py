from __future__ import annotations

import os
import socket

from .allowance import Allowance
from .confinement import Confinement
from .decoding import wait_and_decode


class Spare:
    """A process forked ahead of the one image that it will decode.

    Nobody waits while it is forked and touches its first pages, and while it waits itself it uses
    none of its processor time. Raises OSError when the machine has no room for a process.
    """

    def __init__(self, confinement: Confinement) -> None:
        self._link, theirs = socket.socketpair()
        with theirs:
            try:
                self.pid = os.fork()
            except OSError:
                self._link.close()
                raise
            if self.pid == 0:
                wait_and_decode(theirs.fileno(), confinement)

    def decode(self, image: int, results: int, allowed: Allowance) -> None:
        """Hand over its image and the pipe for what it makes, its last word from here.

        Raises OSError when it has ended.
        """
        with self._link:
            socket.send_fds(self._link, [allowed.pack()], [image, results])

    def close(self) -> None:
        """Let go of one that has ended."""
        self._link.close()
