"""The row of clients on a bad network: each one's TCP connection is cut every 15 s or so."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import quantiles

from tests import services

from .course import Course
from .followers import Follower, OnSocketIo, OnTopic
from .rows import Goal, Row

CLIENTS = 300
EVENTS_A_SECOND = 2
#: Each is cut so long after it came back, chosen at random.
CUT_SECONDS = 10.0, 20.0
#: The peers' benchmarks leave a client offline for so long; ours comes back within half a second.
FLOOR_SECONDS = 2.0, 2.5
OWN_SECONDS = 0.0, 0.5
#: After the last event, until the last client has come back.
SETTLE_SECONDS = 5.0
SOCKETIO = Path(__file__).parent / "socketio"

#: Makes the clients of one run, which gets its name: each has a topic of its own.
Make = Callable[[str], Follower]
Seconds = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    delivered: float
    latency_ms: float
    caught_up_ms: float


async def jitter(course: Course) -> Sequence[Row]:
    every = f"{CLIENTS} clients, TCP cut every 15 s, {EVENTS_A_SECOND} events/s"
    most = (Goal(at_most=2500.0), Goal(at_most=1000.0), Goal(at_most=300.0))
    rows = (
        Row(what=f"{every}: delivered", unit="%", goals=(Goal(at_least=100.0),)),
        Row(what="the same, send → receive p99, 2 s offline", unit="ms", goals=most[:1]),
        Row(what="the same, our own reconnect", unit="ms", goals=most[1:2]),
        Row(what="the same, reconnected → caught up p99", unit="ms", goals=most[2:]),
    )
    with tempfile.TemporaryDirectory(prefix="cc-") as name, _socketio(Path(name)) as port:
        makes: dict[str, Make] = {
            "Channels": lambda _: Follower(course.peers.port),
            "Socket.IO": lambda _: OnSocketIo(port),
        }
        for column, stack in course.ours.items():
            makes[column] = partial(OnTopic, stack.port, stack.cookie)
        for column, make in makes.items():
            seconds = course.options.jitter_seconds
            sys.stderr.write(f"jitter: {column}, {seconds:g} s\n")
            found = await _measure(partial(make, "bench.floor"), seconds, FLOOR_SECONDS)
            rows[0].add(column, found.delivered)
            rows[1].add(column, found.latency_ms)
            if column != "Channels":
                rows[3].add(column, found.caught_up_ms)
            if column in course.ours:
                own = await _measure(partial(make, "bench.own"), seconds, OWN_SECONDS)
                rows[2].add(column, own.latency_ms)
    return rows


async def _measure(make: Callable[[], Follower], seconds: float, offline: Seconds) -> _Outcome:
    speaker, followers = make(), [make() for _ in range(CLIENTS)]
    await speaker.open(-1)
    for start in range(0, CLIENTS, 20):
        await asyncio.gather(*(one.open(-1) for one in followers[start : start + 20]))
    await asyncio.sleep(1)
    network = _Network(offline)
    cutting = [asyncio.create_task(network.cut_now_and_then(one)) for one in followers]
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        network.newest += 1
        speaker.tell({"n": network.newest, "sent": time.perf_counter()})
        await asyncio.sleep(1 / EVENTS_A_SECOND)
    network.over.set()
    await asyncio.gather(*cutting)
    await asyncio.sleep(SETTLE_SECONDS)
    for one in (speaker, *followers):
        one.cut()
    return _outcome(followers, network.newest + 1)


class _Network:
    def __init__(self, offline: Seconds) -> None:
        self._offline = offline
        self.newest = -1
        #: Nobody is cut any more; who is offline still comes back.
        self.over = asyncio.Event()

    async def cut_now_and_then(self, follower: Follower) -> None:
        # The first cuts are spread as the later ones will be.
        await self._wait(random.uniform(0, CUT_SECONDS[1]))
        while not self.over.is_set():
            follower.cut()
            await asyncio.sleep(random.uniform(*self._offline))
            await follower.open(self.newest)
            await self._wait(random.uniform(*CUT_SECONDS))

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.over.wait()


def _outcome(followers: list[Follower], events: int) -> _Outcome:
    times = [seconds for one in followers for seconds in one.heard.values()]
    caught_up = [seconds for one in followers for seconds in one.caught_up] or [0.0, 0.0]
    return _Outcome(
        delivered=100 * len(times) / (CLIENTS * events),
        latency_ms=1_000 * quantiles(times, n=100)[-1],
        caught_up_ms=1_000 * quantiles(caught_up, n=100)[-1],
    )


@contextmanager
def _socketio(folder: Path) -> Iterator[int]:
    """Its server, with the packages of the lock."""
    for file in SOCKETIO.iterdir():
        if file.is_file():
            (folder / file.name).write_bytes(file.read_bytes())
    subprocess.run(["npm", "ci", "--silent"], cwd=folder, check=True)
    port = services.free_port()
    process = subprocess.Popen(["node", "server.js", str(port)], cwd=folder)
    try:
        services.until(lambda: services.answers(port), what="Socket.IO")
        yield port
    finally:
        process.terminate()
        process.wait()
