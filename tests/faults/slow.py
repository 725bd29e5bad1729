"""The row of a reader at 1 KB/s beside nine fast ones."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from statistics import median, quantiles

from .client import Client
from .rows import row
from .scene import PATIENCE_SECONDS, Found, Scene, scene
from .site import Site, proxied, until

FAST, SIZE = 9, 200
#: So many events the slow one has to read first: it is behind from its first moment on.
BACKLOG = 400
A_SECOND, SECONDS, REST_SECONDS = 50, 1.5, 0.3
#: Turns without and with the slow one; where they seem to differ it is measured for longer, and all
#: turns count.
TURNS, MOST_TURNS = 6, 24
MOST = 1.5
#: For the memory: so many slow ones, which leave nearly all of the flood unread, 16 MB together.
SLOW, FLOOD = 10, 5_000
MEMORY_BYTES = 8 * 2**20

#: When a turn began and ended, in seconds since 1970.
Turn = tuple[float, float]


@row("a reader at 1 KB/s beside nine fast ones", databases=("sqlite",), short=False)
async def slow_reader(site: Site, found: Found) -> None:
    async with (
        proxied(site.ports[0], bytes_a_second=1024) as proxy,
        scene(site, "slow", found) as play,
    ):
        play.follow(FAST, site.ports[0])
        await play.all_subscribed()
        await play.publish(BACKLOG, size=SIZE)
        await _compare(play, proxy.port)
        await _flood(play, proxy.port, site.webs[0].pid, found)
        proxy.bytes_a_second = None
        await play.judge()


async def _compare(play: Scene, port: int) -> None:
    """How long the fast ones wait for an event, in turns without and with a slow one behind."""
    (slow,) = play.follow(1, port)
    without: list[Turn] = []
    beside: list[Turn] = []
    while len(beside) < TURNS or (
        len(beside) < MOST_TURNS and _ratio(play, without, beside) > MOST
    ):
        await slow.end()
        without.append(await _turn(play))
        await _come_back(slow)
        beside.append(await _turn(play))
    behind = play.published - slow.seq
    play.found.say(f"the slow one was {behind} behind", good=behind > BACKLOG)
    ratio, p99 = _ratio(play, without, beside), 1_000 * _p99(play, beside)
    text = f"p99 of the fast {p99:.1f} ms, {ratio:.2f}x that without it, {len(beside)} turns each"
    play.found.say(text, good=ratio <= MOST)


async def _come_back(slow: Client) -> None:
    slow.begin_again()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await slow.subscribed.wait()


async def _turn(play: Scene) -> Turn:
    began = time.time()
    await play.publish(int(A_SECOND * SECONDS), every=1 / A_SECOND, size=SIZE)
    await asyncio.sleep(REST_SECONDS)
    return began, time.time()


def _ratio(play: Scene, without: list[Turn], beside: list[Turn]) -> float:
    return _p99(play, beside) / _p99(play, without)


def _p99(play: Scene, turns: list[Turn]) -> float:
    """Of send to receive by the fast ones; the median of the turns, as a machine has hiccups."""
    fast = {client.name for client in play.clients[:FAST]}
    waits = [
        (line["sent"], line["at"] - line["sent"])
        for name, lines in play.written().items()
        for line in lines
        if name in fast and line["what"] == "event"
    ]
    return median(
        quantiles([wait for sent, wait in waits if began <= sent < ended], n=100)[-1]
        for began, ended in turns
    )


async def _flood(play: Scene, port: int, pid: int, found: Found) -> None:
    """So much that a server which keeps it for its slow readers would show it."""
    play.follow(SLOW - 1, port)
    await play.all_subscribed()
    before = _memory(pid)
    arguments = {"topic": play.topic, "naive": False, "size": SIZE}
    for _ in range(FLOOD // 1000):
        await play.site.publisher.do("publish_together", mids=play.mids(1000), **arguments)
    await until(
        lambda: all(client.seq == play.published for client in play.clients[:FAST]),
        what="fast client at the top",
    )
    unread = sum(play.published - client.seq for client in play.clients[FAST:])
    grown = _memory(pid) - before
    text = f"{unread} events unread by {SLOW} slow ones cost {grown / 2**20:.1f} MiB"
    found.say(text, good=grown <= MEMORY_BYTES and unread > FLOOD * SLOW // 2)


def _memory(pid: int) -> int:
    """Resident bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
