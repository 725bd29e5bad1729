"""Doubles of what surrounds a hub: the log it reads, and readers that check what they are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from django.contrib.auth.models import AnonymousUser

from channels_celery.errors import DatabaseAway
from channels_celery.topics.access import Access, Visitor
from channels_celery.topics.doorbell import Bell
from channels_celery.topics.events import Event, Position
from channels_celery.topics.hub import Hub
from channels_celery.topics.log import Appended
from channels_celery.topics.protocol import Publish
from channels_celery.topics.reading import Page, _judge
from channels_celery.topics.socket import websocket
from channels_celery.topics.source import Asking, Top
from channels_celery.topics.standing import Asked, Found
from channels_celery.topics.subscriber import Subscriber

TOPIC = "chat.lobby"
#: Events of a page of the double: small, so that few events make several pages.
PAGE = 3

FULL = Access(read=True, publish=("message",), whisper=("typing",))


class Log:
    """One topic's log, in memory."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.epoch = ""
        self.events: list[Event] = []
        self.trimmed_to = 0
        self._made = 0

    @property
    def mids(self) -> list[str]:
        return [event.mid for event in self.events]

    @property
    def top(self) -> Position:
        return Position(epoch=self.epoch, seq=len(self.events), mid=self.mid_at(len(self.events)))

    def mid_at(self, seq: int) -> str:
        return self.events[seq - 1].mid if self.trimmed_to < seq <= len(self.events) else ""

    def append(self, data: str = "{}") -> Event:
        self.epoch = self.epoch or "e0"
        self._made += 1
        mid = f"{self.topic}-{self._made}"
        event = Event(
            topic=self.topic, seq=len(self.events) + 1, mid=mid, type="message", ts=1, data=data
        )
        self.events.append(event)
        return event

    def renew(self) -> None:
        self._made += 1
        self.epoch = f"e{self._made}"

    def read(self, since: Position | None) -> Page:
        at = since.seq if since else self.trimmed_to
        known = self.mid_at(at) or None
        reason = None if since is None else _judge(since, self.top, self.trimmed_to, known)
        return Page(
            topic=self.topic,
            since=len(self.events) if reason else at,
            mid=self.top.mid if reason else self.mid_at(at),
            top=self.top,
            trimmed_to=self.trimmed_to,
            reason=reason,
            events=() if reason else tuple(self.events[at : at + PAGE]),
        )


class Logs:
    """A Source of several logs. Each call takes a few turns of the loop."""

    def __init__(self, *topics: str) -> None:
        self.of = {topic: Log(topic) for topic in topics or (TOPIC,)}
        self.granted = FULL
        self.away = False
        self.trusted = True
        #: Of the loop, before and after each look at a log.
        self.turns = 1
        self.reads = 0

    async def visitor(self, scope: Mapping[str, Any]) -> Visitor:
        await self._turn()
        return Visitor(user=AnonymousUser(), id=scope.get("visitor", "g1"), name="Guest")

    async def standings(self, asked: Sequence[Asked]) -> list[Found]:
        raise NotImplementedError

    async def access(self, visitor: Visitor, topic: str) -> Access:
        await self._turn()
        return self.granted

    async def first(
        self, visitor: Visitor, topic: str, since: Position | None
    ) -> tuple[Access, Page | None]:
        page = await self._read(topic, since)
        return self.granted, page if self.granted.read else None

    async def page(
        self, topic: str, since: Position, asking: Sequence[Asking]
    ) -> tuple[Page, set[Subscriber]]:
        page = await self._read(topic, since)
        return page, set() if self.granted.read else {one for one, _, _ in asking}

    async def publish(self, visitor: Visitor, request: Publish) -> Appended:
        await self._turn()
        event = self.of[request.topic].append(json.dumps(request.data))
        Hub.current().hear(bell(event))
        return Appended(event, duplicate=False)

    async def tops(self, asked: Mapping[str, int]) -> dict[str, Top]:
        await self._turn()
        found = {
            topic: Top(log.epoch, len(log.events), log.mid_at(asked[topic]))
            for topic, log in self.of.items()
            if topic in asked and log.epoch
        }
        await self._turn()
        return found

    def sweep_began(self) -> int:
        return 0

    def sweep_ended(self, mark: int) -> None:
        self.trusted = True

    async def _read(self, topic: str, since: Position | None) -> Page:
        await self._turn()
        self.reads += 1
        page = self.of[topic].read(since)
        await self._turn()
        return page

    async def _turn(self) -> None:
        for _ in range(self.turns):
            await asyncio.sleep(0)
        if self.away:
            self.trusted = False
            raise DatabaseAway


def bell(event: Event, *, frame: bool = True) -> Bell:
    text = event.frame() if frame else None
    return Bell(topic=event.topic, seq=event.seq, frame=text, origin="another process")


class Following:
    """What a reader knows of a topic, as a page's script would keep it."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.position: Position | None = None
        #: The mids that came since `start`, the position of the last `subscribed` or `gap`.
        self.start = 0
        self.mids: list[str] = []
        self.wrong: list[str] = []
        #: The answer to the last `subscribe` has come: what came before was of an earlier one.
        self.live = False
        self._since: Position | None = None
        self._id = 0

    def request(self, id: int) -> dict[str, Any]:
        self.live, self._since, self._id = False, self.position, id
        since = {"since": asdict(self._since)} if self._since else {}
        return {"op": "subscribe", "id": id, "topic": self.topic, **since}

    def take(self, frame: dict[str, Any]) -> None:
        match frame["op"]:
            case "subscribed" if frame["id"] == self._id:
                self._begin(frame)
            case "ok" if frame["id"] > self._id:
                # Unsubscribed, and not subscribed again since.
                self.live = False
            case "gap" if self.live:
                self._reset(frame)
            case "event" if self.live:
                self._event(frame)
            case "events" if self.live:
                for event in frame["events"]:
                    self._event(event)

    def _begin(self, frame: dict[str, Any]) -> None:
        self.live = True
        if not frame["recovered"] or self._since is None:
            self._reset(frame)
        elif frame["seq"] != self._since.seq:
            self.wrong.append(f"recovered at {frame['seq']}, not {self._since.seq}")
        else:
            self.position = replace(self._since, epoch=frame["epoch"], mid=frame["mid"])

    def _reset(self, frame: dict[str, Any]) -> None:
        self.position = Position(epoch=frame["epoch"], seq=frame["seq"], mid=frame["mid"])
        self.start, self.mids = frame["seq"], []

    def _event(self, event: dict[str, Any]) -> None:
        if self.position is None or "seq" not in event:
            return
        if event["seq"] != self.position.seq + 1:
            self.wrong.append(f"{event['seq']} after {self.position.seq}")
        self.mids.append(event["mid"])
        self.position = replace(self.position, seq=event["seq"], mid=event["mid"])


class Reader:
    """A client that notes everything that breaks the promise of order."""

    def __init__(self, *topics: str, scope: dict[str, Any] | None = None) -> None:
        self.scope = {"type": "websocket", "headers": [], **(scope or {})}
        self.following = {topic: Following(topic) for topic in topics or (TOPIC,)}
        self.frames: list[dict[str, Any]] = []
        self.closed: int | None = None
        self.subprotocol: str | None = None
        #: It reads nothing: pings wait for their pongs.
        self.asleep = False
        self.unanswered: list[int] = []
        #: Shut, the server's `send` waits, as uvicorn's does when its buffer is full.
        self.gate = asyncio.Event()
        self.gate.set()
        self._requests = 0
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def connect(self) -> Reader:
        self._inbox = asyncio.Queue()
        self.closed, self.unanswered = None, []
        for one in self.following.values():
            one.live = False
        self._inbox.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.ensure_future(websocket(self.scope, self._inbox.get, self._hear))
        return self

    async def leave(self) -> None:
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1006})
        self.gate.set()
        if self._task is not None:
            await self._task
            self._task = None

    def tell(self, **frame: Any) -> None:
        self.tell_text(json.dumps(frame))

    def tell_text(self, text: str) -> None:
        self._inbox.put_nowait({"type": "websocket.receive", "text": text})

    def subscribe(self, topic: str = TOPIC) -> None:
        self._requests += 1
        self.tell(**self.following[topic].request(self._requests))

    def unsubscribe(self, topic: str = TOPIC) -> None:
        self._requests += 1
        self.following[topic].live = False
        self.tell(op="unsubscribe", id=self._requests, topic=topic)

    def wake(self) -> None:
        self.asleep = False
        while self.unanswered:
            self.tell(op="pong", n=self.unanswered.pop(0))

    def said(self, op: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["op"] == op]

    async def _hear(self, message: dict[str, Any]) -> None:
        await self.gate.wait()
        if message["type"] == "websocket.close":
            self.closed = message["code"]
        elif message["type"] == "websocket.accept":
            self.subprotocol = message["subprotocol"]
        elif message["type"] == "websocket.send":
            self._take(json.loads(message["text"]))

    def _take(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        if frame["op"] == "ping":
            self.unanswered.append(frame["n"])
            if not self.asleep:
                self.wake()
        if (following := self.following.get(frame.get("topic", ""))) is not None:
            following.take(frame)


async def settle(turns: int = 60) -> None:
    """Let everything that can happen without time passing happen."""
    for _ in range(turns):
        await asyncio.sleep(0)
