"""The newest events of a hub's topics, so that who was away for a moment reads no log."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from .events import Event, Position
from .reading import Page

#: Of each topic.
EVENTS = 64
#: Of all topics of a hub together; what has not changed for longest goes first.
BYTES = 32 * 1024 * 1024
#: What an event costs beside its texts.
AROUND_BYTES = 400
#: What was taken back is forgotten when a hub is told; should that be lost, it is gone by then.
#: Short enough for that, long enough that all who come back after it share a read of the log.
SECONDS = 5.0


@dataclass(slots=True)
class _Run:
    """Consecutive events up to a topic's top, behind a position that the log has confirmed."""

    start: Position
    trimmed_to: int
    events: deque[tuple[Event, float]] = field(default_factory=deque)
    size: int = AROUND_BYTES

    @property
    def top(self) -> Position:
        return self.position(len(self.events))

    def position(self, index: int) -> Position:
        """Before the event of this index."""
        if index == 0:
            return self.start
        event = self.events[index - 1][0]
        return Position(epoch=self.start.epoch, seq=event.seq or 0, mid=event.mid)

    def add(self, event: Event, now: float) -> None:
        self.events.append((event, now))
        self.size += _size(event)
        if len(self.events) > EVENTS:
            self.start = self.position(1)
            self.size -= _size(self.events.popleft()[0])


class Memory:
    """What a hub remembers: of each topic the last events, each for a few seconds.

    It answers only for a position that it can prove by its `mid`; the log answers for all others.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._runs: OrderedDict[str, _Run] = OrderedDict()
        self._bytes = 0

    def learn(self, page: Page) -> None:
        """Take a page that was just read, if it reaches its topic's top."""
        run = _Run(Position(epoch=page.top.epoch, seq=page.since, mid=page.mid), page.trimmed_to)
        now = self._clock()
        for event in page.events:
            run.add(event, now)
        if run.top != page.top or not page.top.epoch:
            return
        if not self._has(page.topic, run):
            self._put(page.topic, run)

    def add(self, event: Event) -> None:
        """Take the next event of a topic that is remembered; after a hole it is forgotten."""
        run = self._runs.get(event.topic)
        if run is None:
            return
        if event.seq != run.top.seq + 1:
            self.forget(event.topic)
            return
        self._bytes -= run.size
        run.add(event, self._clock())
        self._put(event.topic, run, counted=False)

    def forget(self, topic: str) -> None:
        run = self._runs.pop(topic, None)
        if run is not None:
            self._bytes -= run.size

    def recall(self, topic: str, since: Position, top: int) -> Page | None:
        """What follows `since` up to `top`; None where only the log can say."""
        run = self._runs.get(topic)
        if run is None or run.top.seq != top or since.epoch not in ("", run.start.epoch):
            return None
        index = since.seq - run.start.seq
        if not 0 <= index <= len(run.events) or not _proves(since, run.position(index)):
            return None
        events = tuple(islice(run.events, index, None))
        if events and not self._is_fresh(events[0][1]):
            return None
        return Page(
            topic=topic,
            since=since.seq,
            mid=since.mid,
            top=run.top,
            trimmed_to=run.trimmed_to,
            reason=None,
            events=tuple(event for event, _ in events),
        )

    def _has(self, topic: str, run: _Run) -> bool:
        """Whether the same events are remembered, more of them, and none of these too old."""
        known, count = self._runs.get(topic), len(run.events)
        if known is None or known.top != run.top or len(known.events) <= count:
            return False
        return not count or self._is_fresh(known.events[-count][1])

    def _is_fresh(self, since: float) -> bool:
        return since >= self._clock() - SECONDS

    def _put(self, topic: str, run: _Run, *, counted: bool = True) -> None:
        if counted:
            self.forget(topic)
        self._runs[topic] = run
        self._runs.move_to_end(topic)
        self._bytes += run.size
        while self._bytes > BYTES:
            _, oldest = self._runs.popitem(last=False)
            self._bytes -= oldest.size


def _proves(since: Position, known: Position) -> bool:
    """Whether the mid says that this is the event there; before the first there is none."""
    return since.mid == known.mid and (bool(known.mid) or known.seq == 0)


def _size(event: Event) -> int:
    return len(event.data) + len(event.by) + AROUND_BYTES
