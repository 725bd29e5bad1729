"""The row of a reader at 1 KB/s beside nine fast ones."""

from __future__ import annotations

import asyncio
import time
from math import comb
from pathlib import Path
from statistics import median, quantiles

from .client import Client
from .rows import row
from .scene import PATIENCE_SECONDS, Found, Scene, scene
from .site import Site, proxied, until

FAST, SIZE = 9, 200
#: So many events the slow ones have to read first: they are behind from their first moment on.
BACKLOG = 400
A_SECOND, SECONDS, REST_SECONDS = 100, 1.5, 0.2
#: Each turn votes on whether the fast ones are within the bound; turns are added until chance would
#: hardly have voted so.
TURNS, MOST_TURNS = 6, 24
CHANCE = 0.02
MOST = 1.5
#: For the memory: so many slow ones, which leave nearly all of the flood unread, 16 MB together.
SLOW, FLOOD = 10, 5_000
MEMORY_BYTES = 8 * 2**20

#: When a turn began and ended, in seconds since 1970.
Turn = tuple[float, float]


@row("a reader at 1 KB/s beside nine fast ones", databases=("sqlite",), short=False)
async def slow_reader(site: Site, found: Found) -> None:
    async with (
        proxied(site.ports[0], bytes_a_second=1024) as first,
        proxied(site.ports[1], bytes_a_second=1024) as second,
        scene(site, "slow", found) as play,
    ):
        # In turn on the one server and on the other.
        play.follow(2 * FAST)
        await play.all_subscribed()
        await play.publish(BACKLOG, size=SIZE)
        await _compare(play, [proxy.port for proxy in (first, second)])
        await _flood(play, first.port, [web.pid for web in site.webs], found)
        first.bytes_a_second = second.bytes_a_second = None
        await play.judge()


async def _compare(play: Scene, ports: list[int]) -> None:
    """How long the fast ones of two servers wait for the same events; one has a slow one too.

    Whatever else this machine does harms both alike, and the servers change places.
    """
    slow = [play.follow(1, port)[0] for port in ports]
    ratios: list[float] = []
    while not _decided(ratios) and len(ratios) < MOST_TURNS:
        here = len(ratios) % 2
        await slow[1 - here].end()
        await _come_back(slow[here])
        turn = await _turn(play)
        ratios.append(_p99(play, turn, here) / _p99(play, turn, 1 - here))
    await _come_back(slow[1 - here])
    behind = play.published - max(one.seq for one in slow)
    play.found.say(f"the slow ones were {behind} behind", good=behind > BACKLOG)
    within = sum(ratio <= MOST for ratio in ratios)
    text = f"p99 of the fast {median(ratios):.2f}x that without it, within {MOST:g}x in {within}"
    good = _decided(ratios) and 2 * within > len(ratios)
    play.found.say(f"{text} of {len(ratios)} turns", good=good)


def _decided(ratios: list[float]) -> bool:
    """Whether a coin would rarely have voted so clearly, for or against."""
    count, within = len(ratios), sum(ratio <= MOST for ratio in ratios)
    most = max(within, count - within)
    chance = sum(comb(count, one) for one in range(most, count + 1)) / 2**count
    return count >= TURNS and chance <= CHANCE


async def _come_back(slow: Client) -> None:
    await slow.end()
    slow.begin_again()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await slow.subscribed.wait()


async def _turn(play: Scene) -> Turn:
    began = time.time()
    await play.publish(int(A_SECOND * SECONDS), every=1 / A_SECOND, size=SIZE)
    await asyncio.sleep(REST_SECONDS)
    return began, time.time()


def _p99(play: Scene, turn: Turn, server: int) -> float:
    """Of send to receive by this server's fast ones."""
    fast = {client.name for client in play.clients[server : 2 * FAST : 2]}
    began, ended = turn
    waits = [
        line["at"] - line["sent"]
        for name, lines in play.written().items()
        for line in lines
        if name in fast and line["what"] == "event" and began <= line["sent"] < ended
    ]
    return quantiles(waits, n=100)[-1]


async def _flood(play: Scene, port: int, pids: list[int], found: Found) -> None:
    """So much that a server which keeps it for its slow readers would show it."""
    play.follow(SLOW - 2, port)
    await play.all_subscribed()
    before = [_memory(pid) for pid in pids]
    arguments = {"topic": play.topic, "naive": False, "size": SIZE}
    for _ in range(FLOOD // 1000):
        await play.site.publisher.do("publish_together", mids=play.mids(1000), **arguments)
    await until(
        lambda: all(client.seq == play.published for client in play.clients[: 2 * FAST]),
        what="fast client at the top",
    )
    unread = sum(play.published - client.seq for client in play.clients[2 * FAST :])
    grown = max(_memory(pid) - known for pid, known in zip(pids, before, strict=True))
    text = f"{unread} events unread by {SLOW} slow ones cost {grown / 2**20:.1f} MiB"
    found.say(text, good=grown <= MEMORY_BYTES and unread > FLOOD * SLOW // 2)


def _memory(pid: int) -> int:
    """Resident bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
