"""Event streams as their standard has them read, and a request that an ASGI server would drive."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from channels_celery.topics.streaming import sse


class Event(NamedTuple):
    """One event: its name, "message" where none is given, the last id until then, its data."""

    name: str
    id: str
    data: Any


class Parser:
    """Reads the lines of a stream; keeps what a browser keeps for its next request."""

    def __init__(self) -> None:
        self.last_id = ""
        self.retry_ms: int | None = None
        self.comments = 0

    def events(self, lines: Iterable[str]) -> Iterator[Event]:
        name, data = "message", ""
        for line in lines:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            match field:
                case "event":
                    name = value
                case "data":
                    data += value
                case "id":
                    self.last_id = value
                case "retry":
                    self.retry_ms = int(value)
                case "" if line:
                    self.comments += 1
                case "":
                    if data:
                        yield Event(name, self.last_id, json.loads(data))
                    name, data = "message", ""


class Request:
    """One request of the application; `status` and `text` are what was answered."""

    def __init__(self, path: str, query: str = "", **headers: str) -> None:
        named = [(key.replace("_", "-").encode(), it.encode()) for key, it in headers.items()]
        self.scope = {
            "type": "http",
            "method": "GET",
            "path": f"/events/{path}",
            "path_remaining": path,
            "query_string": query.encode(),
            "headers": named,
        }
        self.status: int | None = None
        self.text = ""
        self.ended = False
        #: Shut, the server's `send` waits, as uvicorn's does when its buffer is full.
        self.gate = asyncio.Event()
        self.gate.set()
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.task: asyncio.Future[None] | None = None

    def open(self) -> Request:
        self._inbox.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        self.task = asyncio.ensure_future(sse(self.scope, self._inbox.get, self._hear))
        return self

    async def leave(self) -> None:
        self._inbox.put_nowait({"type": "http.disconnect"})
        self.gate.set()
        if self.task is not None:
            await self.task

    def events(self, parser: Parser | None = None) -> list[Event]:
        return list((parser or Parser()).events(self.text.split("\n")))

    def named(self, name: str) -> list[Any]:
        return [event.data for event in self.events() if event.name == name]

    async def _hear(self, message: dict[str, Any]) -> None:
        await self.gate.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.text += message["body"].decode()
            self.ended = not message.get("more_body", False)
