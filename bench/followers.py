"""Clients that are cut and come back, each the way its system means it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

from .client import Socket, connect

#: After a connection that failed: the peers' servers refuse some under this.
AGAIN_SECONDS = 0.5
_mids = count()
Told = dict[str, Any]


class Follower:
    """A client of bare Channels: it hears what its group is told while it is there."""

    path = "/group/"

    def __init__(self, port: int, cookie: str = "") -> None:
        self._port, self._cookie = port, cookie
        self._socket: Socket | None = None
        #: By number of the event, the seconds from send to receive.
        self.heard: dict[int, float] = {}
        #: From each new TCP connection to all that was missed.
        self.caught_up: list[float] = []
        self._ready = False
        self._began, self._wanted = 0.0, -1
        self._catching = False

    async def open(self, wanted: int) -> None:
        """Connect, however often it takes; `wanted` is the newest event there is by now."""
        self._wanted, self._catching, self._ready = wanted, wanted >= 0, False
        while True:
            self._began = time.perf_counter()
            try:
                self._socket = await connect(self._port, self.path, self._cookie)
                break
            except (OSError, TimeoutError):
                await asyncio.sleep(AGAIN_SECONDS)
        self.greet()
        self._socket.listen(self._hear)

    def cut(self) -> None:
        if self._socket is not None:
            self._socket.heard = _nothing
            self._socket.close()

    def say(self, text: str) -> None:
        if self._socket is not None:
            self._socket.send(text)

    def greet(self) -> None:
        self._ready = True

    def tell(self, data: Told) -> None:
        """Send an event to everybody."""
        self.say(json.dumps({"type": "told"} | data))

    def take(self, frame: bytes) -> Iterator[Told]:
        """The events in a frame."""
        yield json.loads(frame)

    def ready(self) -> None:
        """The server has taken it in again."""
        self._ready = True

    def _hear(self, frame: bytes) -> None:
        now = time.perf_counter()
        for told in self.take(frame):
            self.heard.setdefault(told["n"], now - told["sent"])
        if self._catching and self._ready and self._wanted in self.heard:
            self._catching = False
            self.caught_up.append(now - self._began)


class OnTopic(Follower):
    """A client of ours, by docs/protocol.md."""

    path = "/ws/"

    def __init__(self, port: int, cookie: str, topic: str) -> None:
        super().__init__(port, cookie)
        self.topic = topic
        self._position: dict[str, Any] = {}

    def greet(self) -> None:
        """It says nothing before `welcome`."""

    def tell(self, data: Told) -> None:
        number = next(_mids)
        frame = {"op": "publish", "id": number, "topic": self.topic, "mid": f"j{number}"}
        self.say(json.dumps(frame | {"type": "told", "data": data}))

    def take(self, frame: bytes) -> Iterator[Told]:
        heard = json.loads(frame)
        match heard["op"]:
            case "welcome":
                since = {"since": self._position} if self._position else {}
                self.say(json.dumps({"op": "subscribe", "id": 1, "topic": self.topic} | since))
            case "ping":
                self.say(json.dumps({"op": "pong", "n": heard["n"]}))
            case "subscribed":
                if not self._position:
                    self._position = {key: heard[key] for key in ("epoch", "seq", "mid")}
                self.ready()
            case "event" | "events":
                for event in heard.get("events", [heard]):
                    self._position |= {"seq": event["seq"], "mid": event["mid"]}
                    yield event["data"]
            case "error":
                raise ConnectionError(frame.decode())


class OnSocketIo(Follower):
    """A client of Socket.IO with connection state recovery, protocol 5 over Engine.IO 4."""

    path = "/socket.io/?EIO=4&transport=websocket"

    def __init__(self, port: int, cookie: str = "") -> None:
        super().__init__(port, cookie)
        self._session: dict[str, str] = {}

    def greet(self) -> None:
        """It says nothing before the handshake."""

    def tell(self, data: Told) -> None:
        self.say("42" + json.dumps(["tell", data]))

    def take(self, frame: bytes) -> Iterator[Told]:
        text = frame.decode()
        if text.startswith("0"):
            known = self._session if "offset" in self._session else {}
            self.say("40" + (json.dumps(known) if known else ""))
        elif text == "2":
            self.say("3")
        elif text.startswith("40"):
            pid = json.loads(text[2:])["pid"]
            if pid != self._session.get("pid"):
                self._session = {"pid": pid}
            self.ready()
        elif text.startswith("42"):
            _, data, offset = json.loads(text[2:])
            self._session["offset"] = offset
            yield data


def _nothing(_: bytes) -> None:
    """A client that is cut hears no more."""
