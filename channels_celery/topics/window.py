from __future__ import annotations

import secrets
from dataclasses import dataclass

#: What may be on its way to a reader that has proven nothing yet.
FIRST_BYTES = 16 * 1024
#: What may be on its way to a fast reader.
LARGEST_BYTES = 256 * 1024
#: A pong within it doubles the window, one after SLOW_SECONDS halves it.
FAST_SECONDS = 1.0
SLOW_SECONDS = 5.0
#: Answers to requests: so little on its way does not hold up a frame that has to go alone.
SCRAP_BYTES = 1024
#: A reader that leaves a ping unanswered for so long is given up.
PATIENCE_SECONDS = 30.0
#: A ping's number is one of so many: only who has read it can send it back.
NUMBERS = 2**48


@dataclass(frozen=True, slots=True)
class _Ping:
    number: int
    #: All bytes written before it.
    sent: int
    at: float


class Window:
    """What a reader has not proven to have read, and how much of that is allowed.

    Neither Daphne nor the kernel says whether a client reads. TCP keeps order, so the pong to a
    ping proves everything written before that ping. Times are seconds of a monotonic clock.
    """

    __slots__ = ("_pings", "_proven", "_sent", "size")

    def __init__(self) -> None:
        self.size = FIRST_BYTES
        self._sent = 0
        self._proven = 0
        self._pings: list[_Ping] = []

    @property
    def unproven(self) -> int:
        return self._sent - self._proven

    @property
    def free(self) -> int:
        return max(0, self.size - self.unproven)

    def fits(self, size: int) -> bool:
        """Whether so many bytes may go; a frame larger than any window goes alone."""
        unproven = self._sent - self._proven
        return unproven + size <= self.size or unproven <= SCRAP_BYTES

    def sent(self, size: int) -> None:
        self._sent += size

    @property
    def waiting(self) -> bool:
        """A ping is under way."""
        return bool(self._pings)

    @property
    def unmarked(self) -> int:
        """Bytes that no ping under way will prove."""
        return self._sent - (self._pings[-1].sent if self._pings else self._proven)

    @property
    def half_full(self) -> bool:
        """Time for the next ping, so that a fast reader is never stopped."""
        return self.unmarked >= self.size // 2

    def ping(self, now: float) -> int:
        """The number of the ping that is written next."""
        number = secrets.randbelow(NUMBERS)
        self._pings.append(_Ping(number, self._sent, now))
        return number

    def pong(self, number: int, now: float) -> None:
        """Take a pong's proof. A number that no waiting ping has proves nothing."""
        for index, ping in enumerate(self._pings):
            if ping.number == number:
                del self._pings[: index + 1]
                self._resize(ping, now)
                self._proven = ping.sent
                return

    def _resize(self, ping: _Ping, now: float) -> None:
        seconds = now - ping.at
        # An idle reader's quick answers say nothing of how fast it reads.
        if seconds < FAST_SECONDS and ping.sent - self._proven >= self.size // 2:
            self.size = min(LARGEST_BYTES, self.size * 2)
        elif seconds > SLOW_SECONDS:
            self.size = max(FIRST_BYTES, self.size // 2)

    def overdue(self, now: float) -> bool:
        """The reader is given up."""
        return bool(self._pings) and now - self._pings[0].at > PATIENCE_SECONDS
