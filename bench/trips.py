"""Requests that are answered: how long one takes, and how many there are in a second."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from statistics import median

from .client import Socket, connect_many
from .stacks import Stack

WARM_UP_SECONDS = 0.5
START_SECONDS = 90.0
ANSWER_SECONDS = 30.0
#: A burst is over when nothing has arrived for so long.
QUIET_SECONDS = 5.0
#: Tasks that bare Celery is given for each second of its turn.
BARE_TASKS = 500


class NoAnswer(Exception):
    """A contestant did not answer in time."""


Ask = Callable[[Socket], Awaitable[None]]

_numbers = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One contestant: its column, and where it is reached."""

    name: str
    stack: Stack
    path: str

    async def open(self, sockets: int = 1) -> list[Socket]:
        return await connect_many(sockets, self.stack.port, self.path)


@dataclass(slots=True)
class _Turn:
    """Counts what is answered after the warm-up."""

    begins: float
    ends: float
    times: list[float] = field(default_factory=list)

    async def repeat(self, socket: Socket, ask: Ask) -> None:
        while (asked := time.monotonic()) < self.ends:
            await ask(socket)
            answered = time.monotonic()
            if self.begins <= answered < self.ends:
                self.times.append(answered - asked)


async def answered(sockets: list[Socket], seconds: float, ask: Ask) -> list[float]:
    """The seconds that each answer took while every socket asks again once it is answered."""
    begins = time.monotonic() + WARM_UP_SECONDS
    turn = _Turn(begins, begins + seconds)
    try:
        async with asyncio.timeout(WARM_UP_SECONDS + seconds + ANSWER_SECONDS):
            await asyncio.gather(*(turn.repeat(socket, ask) for socket in sockets))
    finally:
        for socket in sockets:
            socket.close()
    return turn.times


async def milliseconds(way: Way, seconds: float) -> float:
    """The median round trip, one at a time."""
    return 1_000 * median(await answered(await way.open(), seconds, _ask))


async def per_second(way: Way, seconds: float, in_flight: int) -> float:
    """Answers a second to so many browsers."""
    return len(await answered(await way.open(in_flight), seconds, _ask)) / seconds


async def burst(way: Way, messages: int) -> float:
    """How many of so many messages, sent at once by one browser, are answered."""
    (socket,) = await way.open()
    for n in range(messages):
        socket.send(_request(n))
    numbers: set[int] = set()
    try:
        while len(numbers) < messages:
            async with asyncio.timeout(QUIET_SECONDS):
                numbers.add(json.loads(await socket.receive())["n"])
    except (TimeoutError, ConnectionError):
        pass
    socket.close()
    return len(numbers)


async def without_answer(way: Way, seconds: float) -> float:
    """Tasks a second of a queue in which only the last one answers."""
    (socket,) = await way.open()
    tasks = max(1, int(BARE_TASKS * seconds))
    began = time.monotonic()
    for n in range(1, tasks):
        socket.send(_request(n))
    socket.send(json.dumps({"n": 0, "last": True}))
    async with asyncio.timeout(seconds + ANSWER_SECONDS):
        await socket.receive()
    socket.close()
    return tasks / (time.monotonic() - began)


async def first(way: Way) -> None:
    """Wait until this one's server and worker answer."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            (socket,) = await way.open()
            async with asyncio.timeout(START_SECONDS):
                await _ask(socket)
            socket.close()
            return
        except OSError as error:
            if time.monotonic() > end:
                raise NoAnswer(f"{way.name} of {way.path} did not start") from error
            await asyncio.sleep(0.1)


async def _ask(socket: Socket) -> None:
    asked = _request(next(_numbers))
    socket.send(asked)
    if (heard := await socket.receive()) != asked.encode():
        raise ConnectionError(f"asked {asked}, was answered {heard!r}")


def _request(n: int) -> str:
    return json.dumps({"n": n})
