from __future__ import annotations

import os
import time
import uuid

_last = 0


def uuid7() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562 §5.7): sorts by its time in milliseconds since 1970.

    Those that a thread makes one after the other sort in that order, within a millisecond too.
    """
    global _last
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (2**48 - 1)) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    if value <= _last:
        # By a random step, not by one: a forked child may be doing the same.
        value = _last + 1 + int.from_bytes(os.urandom(4), "big")
    _last = value
    return uuid.UUID(int=value)
