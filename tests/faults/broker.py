"""Rows about Redis: it carries doorbells, which may be lost."""

from __future__ import annotations

import asyncio
import signal

from channels_celery.topics.listening import JOIN_AGAIN_SECONDS

from .rows import row
from .scene import Found, scene
from .site import Site, proxied


@row("Redis killed and started again")
async def restarted(site: Site, found: Found) -> None:
    async with scene(site, "redis", found) as play:
        play.follow(6)
        play.follow_naively()
        await play.all_subscribed()
        await play.publish(20, every=0.01)
        site.redis.signal(signal.SIGKILL)
        await play.publish(60, every=0.03)
        await play.doorbells_again(within=10)
        await play.judge()


@row("Redis flushed", short=False)
async def flushed(site: Site, found: Found) -> None:
    async with scene(site, "flushed", found) as play:
        play.follow(6)
        play.follow_naively()
        await play.all_subscribed()
        await play.publish(20, every=0.01)
        await site.tell_redis("FLUSHALL")
        await play.publish(20, every=0.01)
        await play.doorbells_again(within=JOIN_AGAIN_SECONDS + 5)
        # The pubsub layer keeps nothing in Redis that could be flushed.
        await play.judge(naive_fails=site.database.name == "sqlite")


@row("Redis paused for 4 s", short=False)
async def paused(site: Site, found: Found) -> None:
    async with scene(site, "paused", found) as play:
        play.follow(6)
        await play.all_subscribed()
        await play.publish(20, every=0.01)
        site.redis.signal(signal.SIGSTOP)
        began = asyncio.get_running_loop().time()
        await play.publish(40, every=0.02)
        await play.arrived()
        seconds = asyncio.get_running_loop().time() - began
        site.redis.signal(signal.SIGCONT)
        await play.publish(10, every=0.01)
        await play.judge()
        found.say(f"all there {seconds:.1f} s after the pause began", good=seconds < 10)


@row("last doorbell lost", alone=False)
async def last_doorbell(site: Site, found: Found) -> None:
    async with (
        proxied(site.redis_port) as proxy,
        scene(site, "doorbell", found) as play,
    ):
        publisher = site.another_publisher(proxy.port)
        try:
            play.follow(4)
            play.follow_naively()
            await play.all_subscribed()
            await play.publish(10, publisher=publisher)
            proxy.refusing = True
            proxy.reset()
            await play.publish(1, publisher=publisher)
            began = asyncio.get_running_loop().time()
            await play.arrived()
            seconds = asyncio.get_running_loop().time() - began
            await play.judge()
        finally:
            await publisher.end()
        found.say(f"found {seconds:.1f} s later", good=seconds < 10)
