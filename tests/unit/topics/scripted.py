"""A websocket as an ASGI server would drive it, told what to say line by line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from channels_celery.topics import rechecking
from channels_celery.topics.socket import websocket

#: How long a test waits for what has to come.
PATIENCE_SECONDS = 15.0


async def until(holds: Callable[[], Any]) -> None:
    """Wait for what nobody tells of."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


def sign_out(key: str) -> None:
    """What Django does just before it ends a session."""

    class Session:
        session_key = key

    class Request:
        session = Session()

    rechecking._signed_out(request=Request())


class Socket:
    """One connection: `frames` is what it was told, `closed` the code it was closed with."""

    def __init__(self, *, cookie: str | None = None, **scope: Any) -> None:
        headers = [] if cookie is None else [(b"cookie", f"sessionid={cookie}".encode())]
        self._scope = {"type": "websocket", "headers": headers, **scope}
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._told = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.frames: list[dict[str, Any]] = []
        self.closed: int | None = None

    async def open(self) -> Socket:
        """Connect, and wait for the greeting."""
        self._inbox.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.ensure_future(websocket(self._scope, self._inbox.get, self._hear))
        await self.until(lambda: self.said("welcome") or self.closed is not None)
        return self

    async def end(self) -> None:
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1005})
        if self._task is not None:
            await asyncio.wait_for(self._task, PATIENCE_SECONDS)

    def tell(self, **frame: Any) -> None:
        self._inbox.put_nowait({"type": "websocket.receive", "text": json.dumps(frame)})

    async def ask(self, **frame: Any) -> dict[str, Any]:
        """Say it and wait for the answer."""
        number = len(self.frames) + 1_000
        self.tell(id=number, **frame)
        await self.until(lambda: any(told.get("id") == number for told in self.frames))
        return next(told for told in self.frames if told.get("id") == number)

    async def follow(self, topic: str) -> dict[str, Any]:
        return await self.ask(op="subscribe", topic=topic)

    def said(self, op: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["op"] == op]

    @property
    def denied(self) -> list[str]:
        """The topics whose right has ended."""
        ended = [frame for frame in self.said("error") if "id" not in frame]
        return [frame["topic"] for frame in ended if "topic" in frame]

    async def until(self, holds: Callable[[], Any]) -> None:
        """Wait until what it was told fits."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():
                self._told.clear()
                await self._told.wait()

    async def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            self.closed = message["code"]
            # A server reports the end of what it was told to close.
            self._inbox.put_nowait({"type": "websocket.disconnect", "code": message["code"]})
        elif message["type"] == "websocket.send":
            self.frames.append(json.loads(message["text"]))
        self._told.set()


@asynccontextmanager
async def connecting() -> AsyncIterator[Callable[..., Awaitable[Socket]]]:
    """Opens sockets, by the session's key and the topics to follow; they end with it."""
    opened: list[Socket] = []

    async def connect(cookie: str | None, *follow: str) -> Socket:
        socket = await Socket(cookie=cookie).open()
        opened.append(socket)
        for topic in follow:
            assert (await socket.follow(topic))["op"] == "subscribed"
        return socket

    yield connect
    for socket in opened:
        await socket.end()
