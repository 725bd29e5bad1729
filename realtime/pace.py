"""How often a person may do something, counted in Django's cache, which all processes share."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from hashlib import sha256
from time import time

from django.core.cache import cache

logger = logging.getLogger("realtime")


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `times` in `seconds`, for each person; the windows begin with the clock's."""

    name: str
    times: int
    seconds: int

    def take(self, who: str) -> int:
        """Count one more of `who`; the seconds to wait if that was one too many, else 0.

        While the cache is away everybody may go on: what people do is worth more than its count.
        Nobody, "", is not counted either.
        """
        now = time()
        if not who or self._count(self._key(who, now)) <= self.times:
            return 0
        return self.seconds - int(now % self.seconds)

    def give_back(self, who: str) -> None:
        """What was taken did not count after all."""
        try:
            cache.decr(self._key(who, time()))
        except Exception as error:  # noqa: BLE001 - as in _count, or a new window has begun
            logger.debug("%s is not given back: %s", self.name, error)

    def _count(self, key: str) -> int:
        try:
            cache.add(key, 0, 2 * self.seconds)
            return int(cache.incr(key))
        except Exception as error:  # noqa: BLE001 - each backend has errors of its own
            logger.warning("%s are not counted: %s", self.name, error)
            return 0

    def _key(self, who: str, now: float) -> str:
        # Hashed: a name that somebody typed can be long and hold anything, a cache's key can not.
        counted = sha256(f"{self.name}\n{who}".encode(errors="replace")).hexdigest()
        return f"pace.{counted}.{int(now // self.seconds)}"


def told(seconds: int) -> str:
    """A wait in words: "40 s", "12 min"."""
    return f"{seconds} s" if seconds < 120 else f"{-(-seconds // 60)} min"
