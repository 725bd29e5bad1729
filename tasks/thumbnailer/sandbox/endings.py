from __future__ import annotations

import os
import signal
import struct
from dataclasses import dataclass

_FORM = struct.Struct("!iQ?i")

#: What a decoder dies of when it is broken by what it reads.
_CRASHES = {"SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How the process of a decode ended, as its parent saw it."""

    #: As `os.wait` has it.
    status: int = 0
    cpu_ms: int = 0
    #: It was killed because its time on the wall was over.
    was_late: bool = False
    #: The error of the fork that failed; 0: it was started.
    not_started: int = 0

    @property
    def signal_name(self) -> str:
        """The signal that ended it, or ""."""
        if not os.WIFSIGNALED(self.status):
            return ""
        number = os.WTERMSIG(self.status)
        return next((s.name for s in signal.Signals if s == number), f"signal {number}")

    @property
    def crashed(self) -> bool:
        return self.signal_name in _CRASHES

    def pack(self) -> bytes:
        return _FORM.pack(self.status, self.cpu_ms, self.was_late, self.not_started)

    @classmethod
    def unpack(cls, data: bytes) -> Ending:
        status, cpu_ms, was_late, not_started = _FORM.unpack(data)
        return cls(status=status, cpu_ms=cpu_ms, was_late=was_late, not_started=not_started)


#: As it goes over the wire.
ENDING_BYTES = _FORM.size
