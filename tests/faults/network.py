"""Rows about the way between server and client."""

from __future__ import annotations

import asyncio
import random

from .rows import row
from .scene import Found, scene
from .site import Site, proxied


@row("nothing at all", alone=False)
async def nothing(site: Site, found: Found) -> None:
    """Without a fault plain Channels delivers too: what it loses in other rows, the fault took."""
    async with scene(site, "nothing", found) as play:
        play.follow(4)
        play.follow_naively()
        await play.all_subscribed()
        await play.publish(50, every=0.01)
        await play.judge(naive_fails=False)
        found.say("plain Channels was whole", good=all(one.good for one in play.naive_verdicts()))


@row("cut anywhere in a frame", alone=False)
async def cut_anywhere(site: Site, found: Found) -> None:
    chance = random.Random(1)
    async with (
        proxied(site.ports[0], cut_after=lambda: chance.randrange(400, 5000)) as proxy,
        # The frames of plain Channels are small: with as many bytes it would be cut but once.
        proxied(site.ports[0], cut_after=lambda: 400) as closer,
        scene(site, "cut", found) as play,
    ):
        play.follow(6, proxy.port)
        play.follow_naively(closer.port)
        await play.all_subscribed()
        await play.publish(100, every=0.02)
        proxy.cut_after = lambda: None
        await play.judge()


@row("reset, again and again, on a slow line", alone=False)
async def reset(site: Site, found: Found) -> None:
    async with (
        proxied(site.ports[1], latency_seconds=0.1) as proxy,
        scene(site, "reset", found) as play,
    ):
        play.follow(4, proxy.port)
        play.follow_naively(proxy.port)
        await play.all_subscribed()
        for _ in range(3):
            await play.publish(20, every=0.02)
            proxy.reset()
            await play.publish(5, every=0.02)
            await play.all_subscribed()
        await play.judge()


@row("half open, nobody told", alone=False, short=False)
async def half_open(site: Site, found: Found) -> None:
    async with proxied(site.ports[0]) as proxy, scene(site, "half-open", found) as play:
        harmed = play.follow(3, proxy.port)
        play.follow(1)
        play.follow_naively(proxy.port)
        await play.all_subscribed()
        await play.publish(20, every=0.01)
        proxy.half_open()
        await play.publish(20, every=0.01)
        await play.judge()
        found.say("every client left its dead line", good=all(one.opened > 1 for one in harmed))


@row("500 come back at once", short=False)
async def storm(site: Site, found: Found) -> None:
    async with proxied(site.ports[0]) as proxy, scene(site, "storm", found) as play:
        for _ in range(10):
            play.follow(50, proxy.port)
            await play.all_subscribed()
        neighbour = play.follow(1, site.ports[1])
        await play.publish(20)
        await play.arrived()
        proxy.reset()
        began = asyncio.get_running_loop().time()
        await play.publish(50, every=0.02)
        await play.arrived()
        seconds = asyncio.get_running_loop().time() - began
        await play.judge()
        found.say(f"all caught up {seconds:.1f} s after the cut")
        found.say("the other server's client stayed", good=neighbour[0].opened == 1)
