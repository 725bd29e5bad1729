from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser

from channels_celery import settings

from . import frames, protocol, sessions, tokens
from .access import Refused, Visitor
from .operations import Operation, Waiting
from .outlet import Outlet, Send
from .window import Window

if TYPE_CHECKING:
    from .hub import Hub
    from .subscriber import Subscriber

#: How long a server has to report the end of a socket that our code has closed.
LINGER_SECONDS = 10.0

DENIED = Refused("denied", "You may not read this topic.")
NOBODY = Visitor(user=AnonymousUser(), id=None, name="")


class Connection:
    """One socket: what it follows, what may still be written to it, what it asked for.

    All methods run on the hub's loop, and none waits.
    """

    __slots__ = (
        "_closing", "_operations", "_pinged", "_room", "_worker",
        "asked", "hub", "mark", "outlet", "scope", "sid", "stalled", "subscriptions", "task",
        "until", "visitor", "window",
    )  # fmt: skip

    def __init__(self, hub: Hub, scope: Mapping[str, Any], send: Send) -> None:
        self.hub = hub
        self.scope = scope
        self.sid = secrets.token_hex(8)
        self.visitor = NOBODY
        #: When it was last asked who is there, never before the greeting; and of which session.
        self.asked = math.inf
        token = tokens.of_scope(scope)
        self.mark = sessions.mark_of(sessions.key_of(scope) if token is None else None)
        #: When its token ends, in seconds since 1970.
        self.until = math.inf if token is None else tokens.end_of(token)
        self.outlet = Outlet(send, self._drained, hub.cork)
        self.window = Window()
        self.subscriptions: dict[str, Subscriber] = {}
        #: Subscribers that wait until the reader has proven to read, in order.
        self.stalled: dict[Subscriber, None] = {}
        #: The server's task: ended by us if the server doesn't report the end.
        self.task = asyncio.current_task()
        self._operations: deque[Operation | Waiting] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._room: asyncio.Event | None = None
        self._pinged = asyncio.get_running_loop().time()
        self._closing: asyncio.TimerHandle | None = None

    @property
    def closed(self) -> bool:
        return self._closing is not None

    # Writing.

    @property
    def has_room(self) -> bool:
        return not self.outlet.busy and self.window.free > 0

    def offer(self, text: str, size: int) -> bool:
        """Write an event if the reader has room and no other topic waits for that before it."""
        if self.stalled or self.outlet.busy or not self.window.fits(size):
            return False
        self.put(text, size)
        return True

    def say(self, text: str) -> None:
        """Write an answer, whatever the room: answers are few, since operations wait for room."""
        self.put(text, len(text))

    def put(self, text: str, size: int) -> None:
        if self.closed:
            return
        self.window.sent(size)
        self.outlet.write({"type": "websocket.send", "text": text})
        if self.window.half_full:
            self._ping()

    def stall(self, subscriber: Subscriber) -> None:
        """The subscriber goes on once the reader has room: a pong will tell, or the server."""
        self.stalled[subscriber] = None
        if not self.outlet.busy and self.window.unmarked:
            self._ping()

    def wake(self) -> None:
        """Let the next stalled subscriber read on: one at a time, so that each has its turn."""
        if self.stalled and self.has_room:
            subscriber = next(iter(self.stalled))
            del self.stalled[subscriber]
            subscriber.feed.line_up(subscriber)

    def _ping(self) -> None:
        self._pinged = asyncio.get_running_loop().time()
        text = frames.ping(self.window.ping(self._pinged))
        self.outlet.write({"type": "websocket.send", "text": text})

    def _drained(self) -> None:
        """The server has taken all that waited."""
        if not self.closed:
            self._go_on()

    def _go_on(self) -> None:
        if self._room is not None and self.has_room:
            self._room.set()
        self.wake()

    # Hearing.

    def take(self, text: str | None) -> None:
        """Take a client's frame: a pong at once, everything else in line."""
        if self.closed:
            return
        try:
            frame = protocol.load(text)
            if frame["op"] == "pong":
                self.window.pong(protocol.number_of(frame), asyncio.get_running_loop().time())
                self._go_on()
            elif self._operations:
                self._append(Waiting(text or ""))
            else:
                self.queue(Operation.of(frame))
        except protocol.BadFrame as error:
            self.close(protocol.BAD_FRAME, str(error))

    def queue(self, operation: Operation) -> None:
        """Do it at once if it needs nobody, else after those that wait."""
        if self._operations or not self.has_room or not operation.done_at_once(self):
            self._append(operation)

    def _append(self, operation: Operation | Waiting) -> None:
        # The first is at work.
        if len(self._operations) > protocol.OPERATIONS:
            self.close(protocol.OVERLOAD, f"{protocol.OPERATIONS} operations wait already.")
            return
        self._operations.append(operation)
        if self._worker is None:
            self._worker = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._operations and not self.closed:
                await self._until_room()
                await self._operations[0].run(self)
                self._operations.popleft()
        finally:
            self._worker = None

    async def _until_room(self) -> None:
        while not self.has_room and not self.closed:
            self._room = asyncio.Event()
            await self._room.wait()
            self._room = None

    # Following.

    def follow(self, topic: str) -> Subscriber | None:
        """A subscriber that hears of the topic's events from now on; None past the limit."""
        self.leave(topic)
        if len(self.subscriptions) >= protocol.TOPICS:
            return None
        subscriber = self.hub.follow(self, topic)
        self.subscriptions[topic] = subscriber
        return subscriber

    def leave(self, topic: str) -> None:
        subscriber = self.subscriptions.pop(topic, None)
        if subscriber is not None:
            self.stalled.pop(subscriber, None)
            self.hub.unfollow(subscriber)
            # It may have been the one whose turn it was.
            self.wake()

    def deny(self, subscriber: Subscriber) -> None:
        """A right has ended: so does the subscription."""
        self.leave(subscriber.feed.topic)
        self.say(frames.error(None, DENIED, topic=subscriber.feed.topic))

    # Living and ending.

    def tick(self, now: float) -> None:
        """Once a second: is the reader still there, and may it be?"""
        if self.closed:
            return
        if time.time() >= self.until:
            self.close(protocol.CREDENTIALS, tokens.ENDED)
            return
        if self.window.overdue(now):
            self.close(protocol.SLOW, "No pong came; this reader is too slow or gone.")
        elif not self.window.waiting and now - self._pinged >= settings.current().PING_SECONDS:
            self._ping()

    def close(self, code: int, reason: str) -> None:
        """Say why, and close; the server reports the end, else it is ended without."""
        if self.closed:
            return
        self.outlet.write({"type": "websocket.send", "text": frames.bye(code, reason)})
        self.outlet.write({"type": "websocket.close", "code": code})
        self._closing = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._end)
        for topic in list(self.subscriptions):
            self.leave(topic)
        self._stop_work()

    def gone(self) -> None:
        """The server has reported the end."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().call_later(0, _nothing)
        self._closing.cancel()
        for topic in list(self.subscriptions):
            self.leave(topic)
        self._stop_work()
        self.outlet.abandon()
        self.task = None

    def _stop_work(self) -> None:
        # An operation that closes its own socket runs in the worker: it ends by itself.
        if self._worker is not None and self._worker is not asyncio.current_task():
            self._worker.cancel()

    def _end(self) -> None:
        if self.task is not None:
            self.task.cancel()


def _nothing() -> None:
    pass
