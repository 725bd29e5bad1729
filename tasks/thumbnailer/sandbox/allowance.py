from __future__ import annotations

import struct
from dataclasses import dataclass, replace

_FORM = struct.Struct("!QQQ")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one decode may take."""

    #: Address space over what the process has before it begins.
    memory_bytes: int = 640 * 1024 * 1024
    cpu_seconds: int = 10
    #: By the clock on the wall, which goes on while others have the processor.
    wall_seconds: int = 20

    def with_twice_the_memory(self) -> Allowance:
        return replace(self, memory_bytes=2 * self.memory_bytes)

    def pack(self) -> bytes:
        return _FORM.pack(self.memory_bytes, self.cpu_seconds, self.wall_seconds)

    @classmethod
    def unpack(cls, data: bytes) -> Allowance:
        return cls(*_FORM.unpack(data))


#: As it goes over the wire.
ALLOWANCE_BYTES = _FORM.size
