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
from channels_celery.topics.subscriber import Subscriber

TOPIC = "chat.lobby"
#: Events of a page of the double: small, so that few events make several pages.
PAGE = 3

FULL = Access(read=True, publish=("message",), whisper=("typing",))


class Log:
    """A Source with one topic, in memory. Each call takes a few turns of the loop."""

    def __init__(self) -> None:
        self.epoch = ""
        self.events: list[Event] = []
        self.trimmed_to = 0
        self.granted = FULL
        self.away = False
        self.trusted = True
        self.turns = 1
        self.reads = 0
        self._made = 0

    @property
    def mids(self) -> list[str]:
        return [event.mid for event in self.events]

    @property
    def top(self) -> Position:
        return Position(
            epoch=self.epoch, seq=len(self.events), mid=self.events[-1].mid if self.events else ""
        )

    def append(self, data: str = "{}", type: str = "message") -> Event:
        self.epoch = self.epoch or "e0"
        self._made += 1
        event = Event(
            topic=TOPIC, seq=len(self.events) + 1, mid=f"m{self._made}", type=type, ts=1, data=data
        )
        self.events.append(event)
        return event

    def roll_back(self, seq: int) -> None:
        """As a restored database: it was away, and comes back with less."""
        del self.events[seq:]
        self.trusted = False

    def renew(self) -> None:
        self._made += 1
        self.epoch = f"e{self._made}"

    async def visitor(self, scope: Mapping[str, Any]) -> Visitor:
        await self._turn()
        return Visitor(user=AnonymousUser(), id=scope.get("visitor", "g1"), name="Guest")

    async def access(self, visitor: Visitor, topic: str) -> Access:
        await self._turn()
        return self.granted

    async def first(
        self, visitor: Visitor, topic: str, since: Position | None
    ) -> tuple[Access, Page | None]:
        page = await self._read(since)
        return self.granted, page if self.granted.read else None

    async def page(
        self, topic: str, since: Position, asking: Sequence[Asking]
    ) -> tuple[Page, set[Subscriber]]:
        page = await self._read(since)
        return page, set() if self.granted.read else {one for one, _, _ in asking}

    async def publish(self, visitor: Visitor, request: Publish) -> Appended:
        await self._turn()
        event = self.append(json.dumps(request.data))
        Hub.current().hear(bell(event))
        return Appended(event, duplicate=False)

    async def tops(self, asked: Mapping[str, int]) -> dict[str, Top]:
        await self._turn()
        seq = asked[TOPIC]
        mid = self.events[seq - 1].mid if 0 < seq <= len(self.events) else ""
        found = {TOPIC: Top(self.epoch, len(self.events), mid)} if self.epoch else {}
        await self._turn()
        return found

    def sweep_began(self) -> int:
        return 0

    def sweep_ended(self, mark: int) -> None:
        self.trusted = True

    async def _read(self, since: Position | None) -> Page:
        await self._turn()
        self.reads += 1
        at = since.seq if since else self.trimmed_to
        known = self.events[at - 1].mid if self.trimmed_to < at <= len(self.events) else None
        reason = None if since is None else _judge(since, self.top, self.trimmed_to, known)
        page = Page(
            topic=TOPIC,
            since=len(self.events) if reason else at,
            top=self.top,
            trimmed_to=self.trimmed_to,
            reason=reason,
            events=() if reason else tuple(self.events[at : at + PAGE]),
        )
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


class Reader:
    """A client that follows one topic and notes everything that breaks the promise of order."""

    def __init__(self, hub: Hub, *, scope: dict[str, Any] | None = None) -> None:
        self.hub = hub
        self.scope = {"type": "websocket", "headers": [], **(scope or {})}
        self.position: Position | None = None
        #: The mids that came since `start`, the position of the last `subscribed` or `gap`.
        self.start = 0
        self.mids: list[str] = []
        self.wrong: list[str] = []
        self.frames: list[dict[str, Any]] = []
        self.closed: int | None = None
        #: It reads nothing: pings wait for their pongs.
        self.asleep = False
        self.unanswered: list[int] = []
        self.open_gate = asyncio.Event()
        self.open_gate.set()
        #: The answer to the last `subscribe` has come: what came before was of an earlier one.
        self.live = False
        self.since: Position | None = None
        self._request = 0
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def connect(self) -> Reader:
        self._inbox = asyncio.Queue()
        self.closed, self.live, self.unanswered = None, False, []
        self._inbox.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.ensure_future(websocket(self.scope, self._inbox.get, self._hear))
        return self

    async def leave(self) -> None:
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1006})
        self.open_gate.set()
        if self._task is not None:
            await self._task
            self._task = None

    def tell(self, **frame: Any) -> None:
        self.tell_text(json.dumps(frame))

    def tell_text(self, text: str) -> None:
        self._inbox.put_nowait({"type": "websocket.receive", "text": text})

    def subscribe(self) -> None:
        self.live, self.since = False, self.position
        self._request += 1
        since = {"since": asdict(self.since)} if self.since else {}
        self.tell(op="subscribe", id=self._request, topic=TOPIC, **since)

    def wake(self) -> None:
        self.asleep = False
        while self.unanswered:
            self.tell(op="pong", n=self.unanswered.pop(0))

    def said(self, op: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["op"] == op]

    async def _hear(self, message: dict[str, Any]) -> None:
        await self.open_gate.wait()
        if message["type"] == "websocket.close":
            self.closed = message["code"]
        elif message["type"] == "websocket.send":
            if self.closed is not None:
                self.wrong.append("a frame after close")
            self._take(json.loads(message["text"]))

    def _take(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        match frame["op"]:
            case "ping":
                self.unanswered.append(frame["n"])
                if not self.asleep:
                    self.wake()
            case "subscribed":
                self._begin(frame)
            case "gap" if self.live:
                self._reset(frame)
            case "event" if self.live:
                self._event(frame)
            case "events" if self.live:
                for event in frame["events"]:
                    self._event(event)

    def _begin(self, frame: dict[str, Any]) -> None:
        if frame["id"] != self._request:
            return
        self.live = True
        if not frame["recovered"] or self.since is None:
            self._reset(frame)
        elif frame["seq"] != self.since.seq:
            self.wrong.append(f"recovered at {frame['seq']}, not {self.since.seq}")
        else:
            self.position = replace(self.since, epoch=frame["epoch"])

    def _reset(self, frame: dict[str, Any]) -> None:
        self.position = Position(epoch=frame["epoch"], seq=frame["seq"])
        self.start, self.mids = frame["seq"], []

    def _event(self, event: dict[str, Any]) -> None:
        if self.position is not None and "seq" in event:
            if event["seq"] != self.position.seq + 1:
                self.wrong.append(f"{event['seq']} after {self.position.seq}")
            self.mids.append(event["mid"])
            self.position = Position(
                epoch=self.position.epoch, seq=event["seq"], mid=event["mid"]
            )


async def settle(turns: int = 60) -> None:
    """Let everything that can happen without time passing happen."""
    for _ in range(turns):
        await asyncio.sleep(0)
