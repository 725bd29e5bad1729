"""What a socket costs that follows something and hears nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from . import live, stacks
from .client import Socket, connect_many
from .course import Course
from .options import PEER_LAYERS
from .rows import Goal, Row
from .stacks import Stack, Web

#: Sockets before the first look: what the server makes once, the first of them pay.
FIRST = 100
SETTLE_SECONDS = 2.0

Open = Callable[[int], Awaitable[list[Socket]]]


async def memory(course: Course) -> Sequence[Row]:
    sockets = course.options.sockets
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
    return (row,)


async def _following(stack: Stack, number: int) -> list[Socket]:
    return await live.followers(stack, ["bench.idle"] * number)


async def _kib(server: Web, more: Open, sockets: int) -> float:
    """Resident memory of one more socket."""
    opened = await more(FIRST)
    before = await _resident(server)
    opened += await more(sockets)
    after = await _resident(server)
    for socket in opened:
        socket.close()
    return (after - before) / sockets / 1024


async def _resident(server: Web) -> int:
    await asyncio.sleep(SETTLE_SECONDS)
    return server.resident_bytes()
