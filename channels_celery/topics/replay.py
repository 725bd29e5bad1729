from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from . import frames
from .reading import Page

if TYPE_CHECKING:
    from .subscriber import Subscriber

#: Events of one read.
PAGE_EVENTS = 100
#: An `events` frame is no larger, even in a wide window.
FRAME_BYTES = 64 * 1024
#: What a frame adds to its events' own texts, at most: op, topic and brackets.
AROUND_BYTES = 220


def whole(page: Page) -> Page:
    """The page up to its first hole; one that begins with a hole is a gap.

    The log has no holes; should something else have made one, nobody is shown past it unawares.
    """
    if page.reason is not None:
        return page
    count = 0
    for event in page.events:
        if event.seq != page.since + count + 1:
            break
        count += 1
    if count == 0 and page.since < page.top.seq:
        return replace(page, reason="trimmed", since=page.top.seq, mid=page.top.mid, events=())
    return replace(page, events=page.events[:count])


class Replay:
    """A page on its way to several subscribers: each frame is encoded once for all who need it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._bodies = [event.body() for event in page.events]
        self._sizes = [len(body.encode()) + 3 for body in self._bodies]
        self._frames: dict[tuple[int, int], tuple[str, int]] = {}

    def start_for(self, subscriber: Subscriber) -> int | None:
        """Which of the page's events comes next for this subscriber.

        None: the page doesn't prove that the subscriber's position is of this log; only a read
        from that position can tell.
        """
        page = self.page
        if subscriber.epoch and subscriber.epoch != page.top.epoch:
            return None
        index = subscriber.last - page.since - 1
        if not 0 <= index < len(page.events) or page.events[index].mid != subscriber.mid:
            return None
        return index + 1

    def give(self, subscriber: Subscriber, start: int) -> bool:
        """Write the events from `start` on as far as the reader's window allows; True if all."""
        connection = subscriber.connection
        while start < len(self._bodies):
            end = start
            if not connection.outlet.busy:
                end = self._reach(start, min(connection.window.free, FRAME_BYTES))
                if end == start and connection.window.fits(self._sizes[start] + AROUND_BYTES):
                    end = start + 1
            if end == start:
                return False
            connection.put(*self._frame(start, end))
            subscriber.advance(self.page.events[end - 1])
            start = end
        return True

    def _reach(self, start: int, room: int) -> int:
        total, end = AROUND_BYTES, start
        while end < len(self._sizes) and total + self._sizes[end] <= room:
            total += self._sizes[end]
            end += 1
        return end

    def _frame(self, start: int, end: int) -> tuple[str, int]:
        if (start, end) not in self._frames:
            text = frames.events(self.page.topic, self._bodies[start:end])
            self._frames[start, end] = text, len(text.encode())
        return self._frames[start, end]
