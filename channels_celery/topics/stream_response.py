from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from . import protocol
from .access import Refused
from .connection import Connection
from .operations import GREETING, Operation
from .protocol import Subscribe
from .stream_request import Wanted
from .stream_text import Keys, StreamText, keys_of

Send = Callable[[dict[str, Any]], Awaitable[None]]

#: A response ends past it: Daphne keeps in memory what a slow reader has not read.
RESPONSE_BYTES = 256 * 1024
#: Its reader comes back after so long, and up to as much again.
RETRY_MS = 500

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class StreamResponse:
    """A client of the websocket's protocol that lives in the server and writes an event stream.

    The connection takes it for a socket: it asks for its topics one after the other, answers a
    ping once the server has taken what came before it, and writes frames as events. The response
    begins when all topics are granted, so that a refusal has a status of its own.
    """

    def __init__(self, asked: Sequence[Wanted], send: Send) -> None:
        #: Done once the server has taken the whole response.
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ending = False
        self._asked = asked
        self._granted = 0
        self._send = send
        self._text = StreamText(asked)
        #: What comes before the response begins.
        self._early: list[str] | None = [f"retry: {RETRY_MS + secrets.randbelow(RETRY_MS)}\n\n"]
        self._room = RESPONSE_BYTES
        self._connection: Connection

    def ask(self, connection: Connection) -> None:
        """Begin: this connection's frames are written here."""
        self._connection = connection
        connection.queue(GREETING)

    async def take(self, message: Mapping[str, Any]) -> None:
        """What the connection says to its socket."""
        if self._ending:
            return
        if message["type"] == "websocket.close":
            await self._end()
            return
        frame = keys_of(message["text"])
        if self._early is not None and _is_final(frame):
            self._ending = True
            await self._refuse(frame)
            self._ended()
        elif frame["op"] == "error":
            # A right has ended, which is told when the reader comes back.
            await self._end()
        else:
            await self._write(self._text.of(message["text"]))
            await self._go_on(frame)

    async def _refuse(self, frame: Keys) -> None:
        if frame["op"] == "bye":
            await refuse(self._send, Refused("credentials", frame["reason"]))
        else:
            refused = Refused(frame["code"], frame["reason"])
            await refuse(self._send, refused, topic=self._asked[self._granted].topic)

    async def _go_on(self, frame: Keys) -> None:
        if frame["op"] == "ping":
            pong = json.dumps({"op": "pong", "n": frame["n"]})
            # Not from within the connection's own writing.
            asyncio.get_running_loop().call_soon(self._connection.take, pong)
        elif frame["op"] in ("welcome", "subscribed") and not self._ending:
            self._granted += frame["op"] == "subscribed"
            if self._granted < len(self._asked):
                one = self._asked[self._granted]
                request = Subscribe(self._granted, one.topic, one.since)
                self._connection.queue(Operation(self._granted, request))
            elif self._early is not None:
                await self._begin()

    async def _write(self, text: str) -> None:
        self._room -= len(text)
        if self._early is not None:
            self._early.append(text)
        elif text:
            await self._body(text, more=True)
        if self._room <= 0:
            await self._end()

    async def _begin(self) -> None:
        text = "".join(self._early or ())
        self._early = None
        await self._send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await self._body(text, more=True)

    async def _end(self) -> None:
        self._ending = True
        if self._early is not None:
            await self._begin()
        await self._body("", more=False)
        self._ended()

    def _ended(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    async def _body(self, text: str, *, more: bool) -> None:
        body = text.encode()
        await self._send({"type": "http.response.body", "body": body, "more_body": more})


def _is_final(frame: Keys) -> bool:
    """There will be no response. What passes is a response that ends at once instead.

    A browser's EventSource comes back after that, and gives up after any status but 200.
    """
    if frame["op"] == "error":
        return not frame["temporary"]
    return frame["op"] == "bye" and frame["code"] == protocol.CREDENTIALS


#: By code; whatever else is refused may not be read.
STATUSES = {"bad_request": 400, "credentials": 401, "not_found": 404, "method": 405}
MORE_HEADERS = {401: [(b"www-authenticate", b"Bearer")], 405: [(b"allow", b"GET")]}


async def refuse(send: Send, refused: Refused, **more: str) -> None:
    """Answer that there is no stream, and why."""
    status = STATUSES.get(refused.code, 403)
    text = json.dumps({"error": {"code": refused.code, "message": refused.reason, **more}})
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    headers += MORE_HEADERS.get(status, [])
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
