"""Fan-out and echo over websockets: bare Channels, and the topics' own protocol on `/ws/`."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from statistics import median
from typing import Any

from .client import Socket, connect_many
from .stacks import Stack
from .trips import ANSWER_SECONDS, answered

ECHO_SOCKETS = 50
EVENTS = 20
_numbers = count()


class _Crowd:
    """Sockets that are told the same; knows when all of them have heard it."""

    def __init__(self, sockets: list[Socket]) -> None:
        self._sockets = sockets
        self._left = 0
        self._all: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for socket in sockets:
            socket.heard = partial(self._hear, socket)

    async def told(self, frame: str) -> float:
        """Deliveries a second of what this frame of the first socket makes the server tell."""
        self._left = len(self._sockets)
        self._all = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        self._sockets[0].send(frame)
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._all
        return len(self._sockets) / (time.perf_counter() - began)

    def _hear(self, socket: Socket, frame: bytes) -> None:
        try:
            if b'"told"' in frame:
                self._left -= 1
            else:
                _prove(socket, frame)
        except ConnectionError as error:
            self._all.set_exception(error)
        else:
            if not self._left and not self._all.done():
                self._all.set_result(None)


async def channels_fanout(stack: Stack, sockets: int) -> float:
    """Deliveries a second of one message that a member sends to its group."""
    crowd = await connect_many(sockets, stack.port, "/group/")
    return await _fanout(crowd, lambda n: json.dumps({"type": "told", "n": n}))


async def our_fanout(stack: Stack, sockets: int) -> float:
    """Deliveries a second of one stored event of a topic."""
    topic = f"bench.fan{next(_numbers)}"
    crowd = await followers(stack, [topic] * sockets)

    def event(n: int) -> str:
        return _frame("publish", topic, "told", id=n, mid=f"{topic}.{n}", data={"n": n})

    return await _fanout(crowd, event)


async def plain_echo(stack: Stack, seconds: float) -> float:
    """Frames a second there and back, by a consumer of Channels."""
    sockets = await connect_many(ECHO_SOCKETS, stack.port, "/echo/")

    async def ask(socket: Socket) -> None:
        socket.send(_frame("whisper", "bench.echo0", "echo", data=None))
        await socket.receive()

    return len(await answered(sockets, seconds, ask)) / seconds


async def our_echo(stack: Stack, seconds: float) -> float:
    """Whispers a second there and back, each socket on a topic of its own."""
    topics = {n: f"bench.echo{n}" for n in range(ECHO_SOCKETS)}
    sockets = await followers(stack, list(topics.values()))
    topic_of = dict(zip(sockets, topics.values(), strict=True))

    async def ask(socket: Socket) -> None:
        socket.send(_frame("whisper", topic_of[socket], "echo", data=None))
        while b'"echo"' not in (frame := await socket.receive()):
            _prove(socket, frame)

    return len(await answered(sockets, seconds, ask)) / seconds


async def _fanout(sockets: list[Socket], event: Callable[[int], str]) -> float:
    crowd = _Crowd(sockets)
    try:
        await crowd.told(event(0))
        return median([await crowd.told(event(n)) for n in range(1, EVENTS + 1)])
    finally:
        for socket in sockets:
            socket.close()


async def followers(stack: Stack, topics: list[str]) -> list[Socket]:
    """A websocket for each of the topics, subscribed to it."""
    sockets = await connect_many(len(topics), stack.port, "/ws/", stack.cookie)
    async with asyncio.timeout(ANSWER_SECONDS):
        for socket, topic in zip(sockets, topics, strict=True):
            socket.send(_frame("subscribe", topic, "", id=1))
            while b'"subscribed"' not in (frame := await socket.receive()):
                if b'"welcome"' not in frame:
                    raise ConnectionError(f"{topic} was not subscribed: {frame!r}")
    return sockets


def _frame(op: str, topic: str, kind: str, **more: Any) -> str:
    return json.dumps({"op": op, "topic": topic, "type": kind, **more})


def _prove(socket: Socket, frame: bytes) -> None:
    """Answer a ping; an error ends the run."""
    if frame.startswith(b'{"op":"ping"'):
        socket.send(frame.decode().replace("ping", "pong", 1))
    elif frame.startswith(b'{"op":"error"'):
        raise ConnectionError(frame.decode())
