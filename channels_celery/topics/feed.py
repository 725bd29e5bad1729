from __future__ import annotations

import asyncio
import logging

from channels_celery.errors import DatabaseAway

from . import frames
from .access import Access, Visitor
from .doorbell import Bell
from .events import Event, Position
from .memory import Memory
from .reading import Page
from .replay import Replay, whole
from .source import Source, Top
from .subscriber import State, Subscriber

logger = logging.getLogger("channels_celery.topics")

#: Between reads while the database is away: the first, doubled up to the last.
RETRY_SECONDS = 0.1, 1.0


class Feed:
    """A topic in a hub: its top, as far as heard of, and who follows it.

    A doorbell's frame is written to each subscriber that is at the top; every other subscriber is
    brought there by reads of the log, one at a time for all. No await stands between comparing
    and writing, so there is nothing to merge and nothing to lock.

    Whoever is LIVE has our top as its last event, and the log has confirmed how it got there.
    """

    __slots__ = (
        "_behind", "_changes", "_memory", "_reading", "_source", "_task",
        "epoch", "mid", "subscribers", "top", "topic",
    )  # fmt: skip

    def __init__(self, topic: str, source: Source, memory: Memory) -> None:
        self.topic = topic
        self.epoch = ""
        self.top = 0
        #: Of the event at the top; empty while unknown.
        self.mid = ""
        self.subscribers: set[Subscriber] = set()
        self._source = source
        self._memory = memory
        #: How often the log was in doubt.
        self._changes = 0
        #: One first read at a time: what it brings, the others may find in memory.
        self._reading = asyncio.Lock()
        #: In line for the log, in order: a long replay does not hold up the others.
        self._behind: dict[Subscriber, None] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def behind(self) -> int:
        """How many wait for a read of the log, or until they have proven to read."""
        # A copy: the metrics ask from another thread.
        return sum(one.state in (State.BEHIND, State.STALLED) for one in list(self.subscribers))

    def hear(self, bell: Bell) -> None:
        """Take a doorbell; late, doubled and lost ones do no harm."""
        if bell.seq is None:
            if bell.frame is None:
                # The log itself has changed.
                self._doubt()
            else:
                self._whisper(bell.frame, presence=bell.presence)
            return
        event = None if bell.frame is None else Event.of_frame(bell.frame)
        mid = "" if event is None else event.mid
        if bell.seq > self.top:
            follows = bell.seq == self.top + 1
            self.top, self.mid = bell.seq, mid
            if bell.frame is not None and event is not None and follows and self._source.trusted:
                self._memory.add(event)
                self._push(bell.frame, bell.seq, mid)
            else:
                self._demote()
        elif bell.seq == self.top and mid and self.mid and mid != self.mid:
            # Another event of the same number: the log was rolled back and has grown again.
            self._doubt()

    def compare(self, asked: Top, found: Top) -> None:
        """Take what the sweep found: `asked` was our top then, `found.mid` is of that event."""
        changed = asked.mid and found.mid and found.mid != asked.mid
        if changed or found.seq < asked.seq or (self.epoch and self.epoch != found.epoch):
            self._doubt()
            return
        self.epoch = found.epoch
        if found.seq > self.top:
            self.top, self.mid = found.seq, ""
            self._demote()

    async def first(self, visitor: Visitor, since: Position | None) -> tuple[Access, Page | None]:
        """A visitor's rights and, if it may read, the first page: from memory where that is sure.

        So 500 who come back at once cost one read of the log.
        """
        if since is None:
            return await self._read_first(visitor, None)
        if self._shares_a_read(since):
            async with self._reading:
                if self._shares_a_read(since):
                    return await self._read_first(visitor, since)
        if self._recall(since) is not None:
            access = await self._source.access(visitor, self.topic)
            page = self._recall(since)
            if page is not None or not access.read:
                return access, page if access.read else None
        return await self._read_first(visitor, since)

    async def _read_first(
        self, visitor: Visitor, since: Position | None
    ) -> tuple[Access, Page | None]:
        changes = self._changes
        access, page = await self._source.first(visitor, self.topic, since)
        if page is not None:
            self._remember(page, changes)
        return access, page

    def join(self, subscriber: Subscriber, page: Page, asked: int, request_id: object) -> None:
        """Begin a subscription with its first page; `asked` was the top when it was read."""
        page = whole(page)
        self._learn(page, asked)
        # Of a trimmed event only the client can say what it was.
        before = page.mid or (subscriber.mid if subscriber.last == page.since else "")
        start = Position(epoch=page.top.epoch, seq=page.since, mid=before)
        subscriber.go_to(start if page.reason is None else page.top)
        answer = frames.subscribed(request_id, self.topic, subscriber.position, page.reason)
        subscriber.connection.say(answer)
        self._give(subscriber, Replay(page), 0)

    def line_up(self, subscriber: Subscriber) -> None:
        """The subscriber needs the log: at once if its reader has room, else once it has."""
        if not subscriber.connection.has_room:
            self._stall(subscriber)
            return
        subscriber.state = State.BEHIND
        self._behind[subscriber] = None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._catch_up())

    def drop(self, subscriber: Subscriber) -> None:
        self.subscribers.discard(subscriber)
        self._behind.pop(subscriber, None)

    def _whisper(self, frame: str, *, presence: bool = False) -> None:
        size = len(frame.encode())
        for subscriber in list(self.subscribers):
            if subscriber.state is State.LIVE and (subscriber.sees_presence or not presence):
                subscriber.connection.offer(frame, size)

    def _push(self, frame: str, seq: int, mid: str) -> None:
        size = len(frame.encode())
        for subscriber in list(self.subscribers):
            if subscriber.state is State.LIVE:
                if subscriber.connection.offer(frame, size):
                    subscriber.last, subscriber.mid = seq, mid
                else:
                    self._stall(subscriber)

    def _demote(self) -> None:
        """The top has moved without a frame: who was there is behind."""
        for subscriber in list(self.subscribers):
            if subscriber.state is State.LIVE and subscriber.last != self.top:
                self.line_up(subscriber)

    def _doubt(self) -> None:
        """The log may be another one: a read from each subscriber's position will tell."""
        self._changes += 1
        self._memory.forget(self.topic)
        for subscriber in list(self.subscribers):
            if subscriber.state is State.LIVE:
                self.line_up(subscriber)

    def _stall(self, subscriber: Subscriber) -> None:
        subscriber.state = State.STALLED
        subscriber.replaying = True
        subscriber.connection.stall(subscriber)

    def _place(self, subscriber: Subscriber, *, all_given: bool) -> None:
        """After a page: where the subscriber's next event comes from."""
        if not all_given:
            self._stall(subscriber)
            return
        if subscriber.last == self.top and self._agrees(subscriber.mid):
            subscriber.state = State.LIVE
            subscriber.replaying = False
        else:
            self.line_up(subscriber)
        subscriber.connection.wake()

    def _agrees(self, mid: str) -> bool:
        """Whether that is the event at our top, as far as we know which that is."""
        self.mid = self.mid or mid
        return not mid or mid == self.mid

    async def _catch_up(self) -> None:
        pause, longest = RETRY_SECONDS
        try:
            while self._behind:
                try:
                    await self._read_once()
                    pause = RETRY_SECONDS[0]
                except Exception as error:
                    if not isinstance(error, DatabaseAway):
                        logger.exception("topic %s could not be brought up to its top", self.topic)
                    await asyncio.sleep(pause)
                    pause = min(longest, pause * 2)
        finally:
            self._task = None

    async def _read_once(self) -> None:
        """Read for whoever waits longest; all whom the page fits are served with it."""
        since, asked = next(iter(self._behind)).position, self.top
        asking = [(one, one.connection.visitor, one.last) for one in self._behind if one.replaying]
        allowed = {one for one, *_ in asking}
        changes = self._changes
        page, denied = await self._source.page(self.topic, since, asking)
        self._remember(page, changes)
        page = whole(page)
        self._learn(page, asked)
        replay = Replay(page)
        for subscriber in list(self._behind):
            if subscriber in denied:
                subscriber.connection.deny(subscriber)
            elif subscriber.replaying and subscriber not in allowed:
                # It came meanwhile: its rights are asked with the next page.
                continue
            elif subscriber.position == since:
                self._serve(subscriber, replay, 0)
            elif (start := replay.start_for(subscriber)) is not None:
                self._serve(subscriber, replay, start)

    def _serve(self, subscriber: Subscriber, replay: Replay, start: int) -> None:
        page = replay.page
        del self._behind[subscriber]
        if page.reason is not None:
            subscriber.go_to(page.top)
            subscriber.connection.say(frames.gap(self.topic, page.top, page.reason))
        subscriber.epoch = page.top.epoch
        self._give(subscriber, replay, start)

    def _give(self, subscriber: Subscriber, replay: Replay, start: int) -> None:
        all_given = replay.give(subscriber, start)
        top = replay.page.top
        if subscriber.last == top.seq and not top.mid:
            # Trimmed: the log can't say of which event this position is, nor compare it again.
            subscriber.mid = ""
        self._place(subscriber, all_given=all_given)

    def _learn(self, page: Page, asked: int) -> None:
        """Compare our top with the log's. A page read before newer doorbells came proves less."""
        top = page.top
        other_log = bool(self.epoch) and self.epoch != top.epoch
        self.epoch = top.epoch
        if top.seq > self.top or (top.seq < self.top == asked):
            self.top, self.mid = top.seq, top.mid
        elif top.seq == self.top and top.mid and top.mid != self.mid:
            other_log = other_log or bool(self.mid)
            self.mid = top.mid
        if other_log:
            self._doubt()
        self._demote()

    def _remember(self, page: Page, changes: int) -> None:
        # What was taken back meanwhile is in the page still; and of a topic that nobody follows
        # any more that is not heard.
        if changes == self._changes and self.subscribers:
            self._memory.learn(whole(page))

    def _shares_a_read(self, since: Position) -> bool:
        """Whether another's read may answer: without a mid no memory proves, with no epoch none is.

        And nobody waits in line for a database that is away.
        """
        provable = bool(since.mid) or (since.seq == 0 and bool(self.epoch))
        return provable and self._source.trusted and self._recall(since) is None

    def _recall(self, since: Position) -> Page | None:
        # A database that was away may come back with another log.
        return self._memory.recall(self.topic, since, self.top) if self._source.trusted else None
