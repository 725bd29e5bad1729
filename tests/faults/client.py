"""A client that was written from docs/protocol.md, and writes down what it is told."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from .journal import Journal

#: Close codes after which a client stays away.
FINAL = range(4500, 4600)
OPEN_SECONDS = 10.0
STABLE_SECONDS = 10.0
#: How long the second attempt waits at most, doubled with each up to the last.
PAUSE_SECONDS = 1.0, 20.0


class Client:
    """Follows one topic over every reconnect; `position` is what it knows."""

    def __init__(
        self, name: str, port: int, topic: str, journal: Journal, cookie: str = ""
    ) -> None:
        self.name, self.port, self.topic = name, port, topic
        self.position: dict[str, Any] | None = None
        self.subscribed = asyncio.Event()
        #: Connections that were opened.
        self.opened = 0
        #: The server said that nobody may come back, or that a right has ended.
        self.over = asyncio.Event()
        self._journal = journal
        self._cookie = cookie
        self._again_seconds: float | None = None
        self._failures = 0
        self._silence_seconds = OPEN_SECONDS
        self._task = asyncio.create_task(self._live())

    @property
    def seq(self) -> int:
        return self.position["seq"] if self.position else -1

    async def end(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def begin_again(self) -> None:
        """After `end`, from the position that it had."""
        self.subscribed.clear()
        self._task = asyncio.create_task(self._live())

    def write(self, what: str, **more: Any) -> None:
        self._journal.write(self.name, what, **more)

    async def _live(self) -> None:
        while not self.over.is_set():
            began = asyncio.get_running_loop().time()
            try:
                async with self._connected() as socket:
                    self.opened += 1
                    await self._listen(socket)
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 1006
                self.write("closed", code=code)
                if code in FINAL:
                    self.over.set()
                    return
            except (OSError, TimeoutError, WebSocketException) as error:
                self.write("closed", error=repr(error))
            self.subscribed.clear()
            if asyncio.get_running_loop().time() - began > STABLE_SECONDS:
                self._failures = 0
            await asyncio.sleep(self._pause())

    def _connected(self) -> connect:
        headers = {"Cookie": self._cookie} if self._cookie else {}
        return connect(
            f"ws://127.0.0.1:{self.port}/ws/",
            additional_headers=headers, open_timeout=OPEN_SECONDS, close_timeout=0.2,
            ping_interval=None, compression=None, proxy=None,
        )  # fmt: skip

    def _pause(self) -> float:
        if (named := self._again_seconds) is not None:
            self._again_seconds = None
            return named
        first, longest = PAUSE_SECONDS
        bound = min(longest, first * 2 ** (self._failures - 1)) if self._failures else 0.5
        self._failures += 1
        return random.random() * bound

    async def _listen(self, socket: ClientConnection) -> None:
        while True:
            async with asyncio.timeout(self._silence_seconds):
                frame = json.loads(await socket.recv())
            await self._hear(socket, frame)

    async def _hear(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        match frame["op"]:
            case "welcome":
                self._silence_seconds = frame["ping_s"] + 10
                await self._subscribe(socket)
            case "ping":
                await socket.send(json.dumps({"op": "pong", "n": frame["n"]}))
            case "subscribed":
                self._begin(frame)
            case "event" | "events":
                for event in frame.get("events", [frame]):
                    await self._take(socket, event)
            case "gap":
                self._reset("gap", frame)
            case "bye":
                self._again_seconds = frame["retry_ms"] / 1_000
            case "error" if frame["temporary"]:
                await asyncio.sleep(frame["retry_ms"] / 1_000)
                await self._subscribe(socket)
            case "error":
                self.write("refused", code=frame["code"])
                self.over.set()

    async def _subscribe(self, socket: ClientConnection) -> None:
        since = {"since": self.position} if self.position else {}
        await socket.send(json.dumps({"op": "subscribe", "id": 1, "topic": self.topic, **since}))

    def _begin(self, frame: dict[str, Any]) -> None:
        if self.position is None:
            self._reset("begun", frame)
        elif not frame["recovered"]:
            self._reset("gap", frame)
        elif frame["seq"] != self.position["seq"]:
            self.write("disorder", text=f"recovered at {frame['seq']}, not {self.seq}")
        else:
            self.position["epoch"] = frame["epoch"]
        self.subscribed.set()

    def _reset(self, what: str, frame: dict[str, Any]) -> None:
        """The page would load its state anew; what comes goes on from there."""
        self.write(what, seq=frame["seq"], reason=frame.get("reason", ""))
        self.position = {key: frame[key] for key in ("epoch", "seq", "mid")}

    async def _take(self, socket: ClientConnection, event: dict[str, Any]) -> None:
        if "seq" not in event:
            return
        if event["seq"] != self.seq + 1:
            # A page drops or asks again, and is well; the server still has not kept its word.
            self.write("disorder", text=f"{event['seq']} came after {self.seq}")
            if event["seq"] > self.seq:
                await self._subscribe(socket)
            return
        assert self.position is not None
        self.position |= {"seq": event["seq"], "mid": event["mid"]}
        self.write("event", mid=event["mid"], sent=event["data"]["sent"], by=event.get("by"))
