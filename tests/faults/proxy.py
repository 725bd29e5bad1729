"""A TCP relay whose connections can be made slow, cut anywhere, reset and left half open."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable

CHUNK_BYTES = 4096
#: A close with this discards what waits and tells the other side by a reset.
_RESET = struct.pack("ii", 1, 0)


class _Link:
    """One relayed connection: `down` is what the server says."""

    def __init__(self, cut_after: int | None) -> None:
        self.writers: list[asyncio.StreamWriter] = []
        #: Cleared, nothing passes any more and nobody is told.
        self.passing = asyncio.Event()
        self.passing.set()
        #: How many bytes of the server still pass before it is cut.
        self.left = cut_after

    def reset(self) -> None:
        self.passing.set()
        for writer in self.writers:
            if (sock := writer.get_extra_info("socket")) is not None and sock.fileno() >= 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()


class Proxy:
    """Relays connections to `target`, a port of this machine, from a port of its own."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._links: set[_Link] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        #: Of each piece of what the server says.
        self.latency_seconds = 0.0
        self.bytes_a_second: int | None = None
        #: For each new connection: after how many bytes of the server it is cut.
        self.cut_after: Callable[[], int | None] = lambda: None
        #: New connections are reset at once.
        self.refusing = False

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.reset()
        while self._links:  # noqa: ASYNC110 - each leaves by itself, within a few turns
            await asyncio.sleep(0)

    def reset(self) -> None:
        """End every connection by a reset."""
        for link in list(self._links):
            link.reset()

    def half_open(self) -> None:
        """From now on nothing passes on the connections there are, and neither side is told."""
        for link in self._links:
            link.passing.clear()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(self.cut_after())
        link.writers.append(writer)
        if self.refusing:
            link.reset()
            return
        self._links.add(link)
        try:
            from_server, to_server = await self._connect()
            link.writers.append(to_server)
            down = asyncio.ensure_future(self._down(link, from_server, writer))
            up = asyncio.ensure_future(self._up(link, reader, to_server))
            await asyncio.wait((down, up), return_when=asyncio.FIRST_COMPLETED)
            for pump in (down, up):
                pump.cancel()
            await asyncio.gather(down, up, return_exceptions=True)
        except OSError:
            pass
        finally:
            self._links.discard(link)
            link.reset()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        connection = socket.socket()
        connection.setblocking(False)
        # Small buffers: what this relay holds back, the server has to hold itself.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CHUNK_BYTES)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self._target))
        return await asyncio.open_connection(sock=connection, limit=CHUNK_BYTES)

    async def _down(
        self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        # Small pieces: half a second of a slow line at most.
        while data := await reader.read(min(CHUNK_BYTES, (self.bytes_a_second or 2**20) // 2)):
            await link.passing.wait()
            if self.latency_seconds:
                await asyncio.sleep(self.latency_seconds)
            if self.bytes_a_second:
                await asyncio.sleep(len(data) / self.bytes_a_second)
            if link.left is not None and link.left <= len(data):
                writer.write(data[: link.left])
                await asyncio.sleep(0.01)
                return
            link.left = None if link.left is None else link.left - len(data)
            writer.write(data)
            await writer.drain()

    async def _up(
        self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(CHUNK_BYTES):
            await link.passing.wait()
            writer.write(data)
            await writer.drain()
