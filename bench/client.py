"""A websocket client that costs little: what it takes of the machine, the servers do not have."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import cast

_KEY = "AAAAAAAAAAAAAAAAAAAAAA=="
#: A mask of zeros: the payload goes out as it is.
_MASK = bytes(4)
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
OPEN_SECONDS = 20.0


class Socket(asyncio.Protocol):
    """One websocket. Text frames go to `heard`, which is a queue's until somebody sets it."""

    _transport: asyncio.Transport

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._buffer = bytearray()
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.heard: Callable[[bytes], None] = self._frames.put_nowait
        self.closed = False

    def send(self, text: str) -> None:
        self._write(_TEXT, text.encode())

    def listen(self, heard: Callable[[bytes], None]) -> None:
        """Hand every frame to `heard`, first those that have come already."""
        self.heard = heard
        while not self._frames.empty():
            if (frame := self._frames.get_nowait()) is not None:
                heard(frame)

    async def receive(self) -> bytes:
        """The next text frame; ConnectionError when the server has closed."""
        frame = await self._frames.get()
        if frame is None:
            raise ConnectionError("the server closed the websocket")
        return frame

    def close(self) -> None:
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        self._frames.put_nowait(None)
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("closed before it was open"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self.opened.done():
            self._take_answer()
        while self.opened.done() and self._take_frame():
            pass

    def _take_answer(self) -> None:
        head, end, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not end:
            return
        if b" 101 " not in head[:20]:
            self.opened.set_exception(ConnectionError(head.split(b"\r\n")[0].decode()))
            self.close()
            return
        self._buffer = bytearray(rest)
        self.opened.set_result(None)

    def _take_frame(self) -> bool:
        buffer = self._buffer
        if len(buffer) < 2:
            return False
        start, size = 2, buffer[1] & 0x7F
        if size > 125:
            start = 4 if size == 126 else 10
            if len(buffer) < start:
                return False
            size = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + size:
            return False
        kind, payload = buffer[0] & 0xF, bytes(buffer[start : start + size])
        del buffer[: start + size]
        if kind == _TEXT:
            self.heard(payload)
        elif kind == _PING:
            self._write(_PONG, payload)
        elif kind == _CLOSE:
            self.close()
        return True

    def _write(self, kind: int, payload: bytes) -> None:
        size = len(payload)
        head = struct.pack("!BBH", 0x80 | kind, 0xFE, size)
        if size < 126:
            head = struct.pack("!BB", 0x80 | kind, 0x80 | size)
        self._transport.write(head + _MASK + payload)


async def connect(port: int, path: str, cookie: str = "") -> Socket:
    """An open websocket of a server on this machine."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {_KEY}",
        "Sec-WebSocket-Version: 13",
        *([f"Cookie: {cookie}"] if cookie else []),
    ]
    request = "\r\n".join([*lines, "", ""]).encode()
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(lambda: Socket(request), "127.0.0.1", port)
    async with asyncio.timeout(OPEN_SECONDS):
        await socket.opened
    return socket


async def connect_many(count: int, port: int, path: str, cookie: str = "") -> list[Socket]:
    """So many, a few at a time: a storm of handshakes is not what is measured."""
    sockets: list[Socket] = []
    for start in range(0, count, 20):
        some = range(start, min(start + 20, count))
        sockets += await asyncio.gather(*(connect(port, path, cookie) for _ in some))
    return sockets
