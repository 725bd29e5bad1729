"""What a socket or an event stream costs that follows something and hears nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

from . import live, stacks
from .client import OPEN_SECONDS, connect_many
from .course import Course
from .options import PEER_LAYERS
from .rows import Goal, Row
from .stacks import Stack, Web

#: Sockets before the first look: what the server makes once, the first of them pay.
FIRST = 100
SETTLE_SECONDS = 2.0


class Opened(Protocol):
    """One end of a connection."""

    def close(self) -> None:
        """End it."""


Open = Callable[[int], Awaitable[Sequence[Opened]]]


async def memory(course: Course) -> Sequence[Row]:
    sockets = course.options.sockets
    streams = Row(what="idle memory of an event stream", unit="KiB", goals=())
    row = Row(
        what="idle memory of a subscribed socket",
        unit="KiB",
        goals=(Goal(against="Channels, pubsub", at_most=1.0),),
    )
    for _ in course.rounds("memory"):
        # A server of its own each time: what an older one has freed would be taken again unseen.
        for layer, backend in PEER_LAYERS.items():
            with stacks.web(course.peers, "bench.peers", BENCH_PEER_LAYER=backend) as server:
                bare = partial(connect_many, port=server.stack.port, path="/group/")
                row.add(f"Channels, {layer}", await _kib(server, bare, sockets))
        for column, stack in course.ours.items():
            with stacks.web(stack, "bench.ours") as server:
                ours = partial(_following, server.stack)
                row.add(column, await _kib(server, ours, sockets))
            with stacks.web(stack, "bench.ours") as server:
                read = partial(_reading, server.stack)
                streams.add(column, await _kib(server, read, sockets))
    return row, streams


async def _following(stack: Stack, number: int) -> Sequence[Opened]:
    return await live.followers(stack, ["bench.idle"] * number)


async def _reading(stack: Stack, number: int) -> Sequence[Opened]:
    return [await _stream(stack) for _ in range(number)]


async def _stream(stack: Stack) -> Opened:
    """An event stream whose response has begun."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.port)
    lines = ["GET /events/bench.idle/ HTTP/1.1", f"Host: 127.0.0.1:{stack.port}"]
    writer.write("\r\n".join([*lines, f"Cookie: {stack.cookie}", "", ""]).encode())
    async with asyncio.timeout(OPEN_SECONDS):
        await reader.readuntil(b"event: subscribed")
    return writer


async def _kib(server: Web, more: Open, sockets: int) -> float:
    """Resident memory of one more."""
    first = await more(FIRST)
    before = await _resident(server)
    others = await more(sockets)
    after = await _resident(server)
    for one in (*first, *others):
        one.close()
    return (after - before) / sockets / 1024


async def _resident(server: Web) -> int:
    await asyncio.sleep(SETTLE_SECONDS)
    return server.resident_bytes()
