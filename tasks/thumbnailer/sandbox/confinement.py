"""What a process gives up before it looks at a stranger's bytes."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress

from . import seccomp
from .allowance import Allowance

_PR_SET_PDEATHSIG = 1


def keep_only(*kept: int) -> list[int]:
    """Close every other handle; where the kept ones are now. 1 and 2 lead where 0 does: nowhere."""
    # First out of the way: one of them may have the number that another is to get.
    high = [os.dup(number) for number in kept]
    for number in (1, 2):
        os.dup2(0, number)
    low = [os.dup2(number, 3 + place) for place, number in enumerate(high)]
    os.closerange(3 + len(low), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    return low


class Confinement:
    """Made once by the server, so that little is left to do for each image.

    Each page that a forked process is the first to touch costs it microseconds.
    """

    def __init__(self) -> None:
        self._server = os.getpid()
        self._address_space = _address_space()
        # The server's own too, and so of all that it forks.
        _limit("RLIMIT_CORE", 0)
        self._prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
        self._calls = seccomp.Filter() if seccomp.is_possible() else None

    def prepare(self) -> None:
        """Give up what no decode needs, long before its image comes."""
        self._end_with_server()
        _go_first()
        _limit("RLIMIT_FSIZE", 0)
        _limit("RLIMIT_NPROC", 0)
        _limit("RLIMIT_NOFILE", 16)

    def begin(self, allowed: Allowance) -> None:
        """Give up the rest, before a stranger's first byte is read.

        Limits first, system calls last: setting a limit is one that is given up.
        """
        _limit("RLIMIT_CPU", allowed.cpu_seconds, allowed.cpu_seconds + 1)
        if sys.platform == "linux":
            # macOS has the name of this limit, and no such limit.
            _limit("RLIMIT_AS", self._address_space + allowed.memory_bytes)
        if self._calls is not None:
            self._calls.apply()

    def _end_with_server(self) -> None:
        if self._prctl is None:
            return
        self._prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != self._server:
            # It ended before we could ask to end with it.
            os._exit(1)


def _go_first() -> None:
    """Where memory ends, the kernel is to end a decode, not the worker beside it."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
        file.write(b"1000")


def _address_space() -> int:
    """What this process has mapped, in bytes; 0 where nobody can tell."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _limit(name: str, soft: int, hard: int | None = None) -> None:
    number = getattr(resource, name, None)
    if number is None:
        return
    ceiling = resource.getrlimit(number)[1]
    wanted = soft if hard is None else hard
    if ceiling != resource.RLIM_INFINITY:
        wanted = min(wanted, ceiling)
    # Some systems know a limit and will not have it set.
    with suppress(OSError, ValueError):
        resource.setrlimit(number, (min(soft, wanted), wanted))
