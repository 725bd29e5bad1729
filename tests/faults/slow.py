"""The row of a reader at 1 KB/s beside nine fast ones."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from statistics import quantiles

from .rows import row
from .scene import Found, Scene, scene
from .site import Site, proxied, until

FAST, SIZE = 9, 200
A_SECOND, SECONDS = 50, 5
TRIES = 3
MOST = 1.5
#: For the memory: so many slow ones, which leave nearly all of the flood unread, 16 MB together.
SLOW, FLOOD = 10, 5_000
MEMORY_BYTES = 8 * 2**20


@row("a reader at 1 KB/s beside nine fast ones", databases=("sqlite",), short=False)
async def slow_reader(site: Site, found: Found) -> None:
    async with (
        proxied(site.ports[0], bytes_a_second=1024) as proxy,
        scene(site, "slow", found) as play,
    ):
        play.follow(FAST, site.ports[0])
        await play.all_subscribed()
        for attempt in range(TRIES):
            # A slow moment of the machine is no fault of the reader's: it is measured again.
            alone, beside = await _p99s(play, proxy.port)
            if beside <= MOST * alone or attempt == TRIES - 1:
                break
        text = f"p99 of the fast {1000 * beside:.1f} ms, alone {1000 * alone:.1f} ms"
        found.say(text, good=beside <= MOST * alone)
        await _flood(play, proxy.port, site.webs[0].pid, found)
        proxy.bytes_a_second = None
        await play.judge()


async def _p99s(play: Scene, port: int) -> tuple[float, float]:
    """Of send to receive, by the fast ones: without and with a slow one that falls behind."""
    alone = await _p99(play)
    (slow,) = play.follow(1, port)
    await play.all_subscribed()
    beside = await _p99(play)
    behind = play.clients[0].seq - slow.seq
    if behind < A_SECOND:
        play.found.say(f"the slow one was only {behind} behind", good=False)
    return alone, beside


async def _p99(play: Scene) -> float:
    began = time.time()
    await play.publish(A_SECOND * SECONDS, every=1 / A_SECOND, size=SIZE)
    await asyncio.sleep(0.5)
    fast = {client.name for client in play.clients[:FAST]}
    times = [
        line["at"] - line["sent"]
        for name, lines in play.written().items()
        for line in lines
        if name in fast and line["what"] == "event" and line["at"] > began
    ]
    return quantiles(times, n=100)[-1]


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
