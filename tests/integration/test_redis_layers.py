"""The addresses that `config.redis_urls` writes, on a real Redis with redis-py 8."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

from config.redis_urls import layer_host

#: Longer than redis-py's own socket timeout of 5 s, and than the core layer's blocking read.
IDLE_SECONDS = 7.0
#: More than redis-py's own 100 connections.
READERS = 150

Layers = Callable[[], AbstractAsyncContextManager[Any]]


@pytest.fixture(params=[RedisChannelLayer, RedisPubSubChannelLayer], ids=["core", "pubsub"])
def layer(request: pytest.FixtureRequest, redis_url: str) -> Layers:
    @asynccontextmanager
    async def open_layer() -> AsyncIterator[Any]:
        layer = request.param(hosts=[layer_host(redis_url)])
        yield layer
        await layer.flush()

    return open_layer


@pytest.mark.proof
async def test_idle_reader_lives(layer: Layers) -> None:
    async with layer() as opened:
        channel = await opened.new_channel()
        reader = asyncio.create_task(opened.receive(channel))
        done, _ = await asyncio.wait([reader], timeout=IDLE_SECONDS)
        assert not done

        await opened.send(channel, {"type": "hello"})

        assert await asyncio.wait_for(reader, 5) == {"type": "hello"}


@pytest.mark.proof
async def test_hundreds_of_readers_at_once_all_live(layer: Layers) -> None:
    async with layer() as opened:
        names = [f"reader-{n}" for n in range(READERS)]
        if isinstance(opened, RedisPubSubChannelLayer):
            # It knows a channel by its name with "!" only from `new_channel`.
            names = [await opened.new_channel() for _ in names]
        readers = [asyncio.create_task(opened.receive(name)) for name in names]
        done, _ = await asyncio.wait(readers, timeout=2.0)
        assert not done

        for name in names:
            await opened.send(name, {"type": "hello", "to": name})

        answers = await asyncio.wait_for(asyncio.gather(*readers), 30)
    assert [answer["to"] for answer in answers] == names
