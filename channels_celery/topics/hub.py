from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from . import doorbell, lazy_colours, rechecking
from .connection import Connection
from .cork import Cork
from .doorbell import Bell
from .farewell import Farewell
from .feed import Feed
from .listening import Listening
from .memory import Memory
from .presence import Presence
from .rechecking import Recheck
from .rights import Rights
from .source import Database, Source
from .subscriber import Subscriber
from .sweep import Sweep
from .upkeep import keep_up

logger = logging.getLogger("channels_celery.topics")

#: How often each socket is looked at.
TICK_SECONDS = 1.0
#: Sockets of one turn of the loop: those that came together are pinged together.
TICK_SLICE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What a process's hubs hold; `late_sweeps` counts since its start."""

    connections: int
    topics: int
    subscribers: int
    #: Subscribers that wait for their topic's last event.
    behind: int
    late_sweeps: int


class Hub:
    """What the sockets of one event loop follow, and the tasks that keep them up to date."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.feeds: dict[str, Feed] = {}
        self._memory = Memory()
        self.connections: set[Connection] = set()
        self.cork = Cork()
        #: The process ends: no socket is taken any more.
        self.leaving = False
        self.rights = Rights(self)
        self.presence = Presence()
        self.sweep = Sweep(self)
        self._listening = Listening(self._hear_layer, self.sweep.look_at)
        self._tasks: list[asyncio.Task[None]] = []
        self._farewell: Farewell | None = None

    @classmethod
    def current(cls) -> Hub:
        """The hub of the running loop, made and started with its first socket."""
        loop = asyncio.get_running_loop()
        if loop not in _hubs:
            for closed in [known for known in _hubs if known.is_closed()]:
                _hubs.pop(closed).forget()
            hub = _hubs[loop] = cls(Database())
            hub.start()
        return _hubs[loop]

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        doorbell.listeners.add(loop, self.hear)
        rechecking.listeners.add(loop, self.rights.hear)
        self._listening.want(rechecking.GROUP)
        lasting = (self.sweep, self._listening, self.rights, self.presence)
        jobs = (self._tick, keep_up, *(one.run for one in lasting))
        self._tasks = [loop.create_task(_lasting(job)) for job in jobs]
        self._farewell = Farewell.chained(loop, self.say_bye)
        lazy_colours.install()

    def forget(self) -> None:
        """Hear nothing any more, neither doorbells nor signals: the loop has ended."""
        doorbell.listeners.remove(self.hear)
        rechecking.listeners.remove(self.rights.hear)
        if self._farewell is not None:
            self._farewell.unchain()

    def follow(self, connection: Connection, topic: str) -> Subscriber:
        """A new subscriber. Its topic's doorbells are heard from now on, before its first read."""
        feed = self.feeds.get(topic)
        if feed is None:
            feed = self.feeds[topic] = Feed(topic, self.source, self._memory)
            self._listening.want(doorbell.group_of(topic))
        subscriber = Subscriber(feed, connection)
        feed.subscribers.add(subscriber)
        return subscriber

    def unfollow(self, subscriber: Subscriber) -> None:
        feed = subscriber.feed
        self.presence.drop(subscriber)
        feed.drop(subscriber)
        if not feed.subscribers and self.feeds.get(feed.topic) is feed:
            del self.feeds[feed.topic]
            # Its doorbells are not heard any more.
            self._memory.forget(feed.topic)

    def hear(self, bell: Bell) -> None:
        """Take a doorbell, on the hub's loop."""
        feed = self.feeds.get(bell.topic)
        if feed is not None:
            feed.hear(bell)

    def say_bye(self, code: int, reason: str) -> None:
        """Close every socket and take no more."""
        self.leaving = True
        for connection in list(self.connections):
            connection.close(code, reason)

    def topics_of(self, group: str) -> Iterable[str]:
        return [topic for topic in self.feeds if doorbell.group_of(topic) == group]

    def _hear_layer(self, heard: Bell | Recheck) -> None:
        # This process's own were heard when they were rung.
        if heard.origin == doorbell.origin():
            return
        if isinstance(heard, Bell):
            self.hear(heard)
        else:
            self.rights.hear(heard)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            for number, connection in enumerate(list(self.connections), 1):
                connection.tick(loop.time())
                if number % TICK_SLICE == 0:
                    await asyncio.sleep(0)


def numbers() -> Numbers:
    """What this process holds now; callable from any thread."""
    # Copies: the loop changes them meanwhile.
    hubs = [hub for loop, hub in list(_hubs.items()) if not loop.is_closed()]
    feeds = [feed for hub in hubs for feed in list(hub.feeds.values())]
    return Numbers(
        connections=sum(len(hub.connections) for hub in hubs),
        topics=len(feeds),
        subscribers=sum(len(feed.subscribers) for feed in feeds),
        behind=sum(feed.behind for feed in feeds),
        late_sweeps=sum(hub.sweep.late for hub in hubs),
    )


async def _lasting(job: Callable[[], Awaitable[None]]) -> None:
    """Begin it again after an error: without one of its tasks a hub looks well and is not."""
    while True:
        try:
            await job()
        except Exception:
            logger.exception("a task of the hub failed and begins again")
        await asyncio.sleep(TICK_SECONDS)


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}
