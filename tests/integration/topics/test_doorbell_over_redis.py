from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from typing import Any

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer

from channels_celery import topics
from channels_celery.topics import doorbell
from channels_celery.topics.doorbell import Bell

PROGRAM = """
import sys, django
from django.conf import settings
settings.configure(
    SECRET_KEY="x",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "channels_celery"],
    CHANNEL_LAYERS={"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
                                "CONFIG": {"hosts": [sys.argv[1]]}}},
)
django.setup()
from channels_celery import topics
topics.whisper("chat.a", "typing", {"n": 1})
"""


@pytest.fixture
def layers(redis_url: str, settings: Any) -> RedisPubSubChannelLayer:
    """Doorbells go over Redis; the layer that another process would listen on."""
    backend = {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [redis_url]},
    }
    settings.CHANNEL_LAYERS = {"default": backend}
    return RedisPubSubChannelLayer(hosts=[redis_url])


async def listen(layer: RedisPubSubChannelLayer, topic: str) -> str:
    channel: str = await layer.new_channel()
    await layer.group_add(doorbell.group_of(topic), channel)
    return channel


async def hear(layer: RedisPubSubChannelLayer, channel: str) -> list[Bell]:
    return doorbell.heard(await asyncio.wait_for(layer.receive(channel), 10))


async def test_another_process_hears_events_in_their_order(layers: RedisPubSubChannelLayer) -> None:
    channel = await listen(layers, "chat.a")
    for number in range(20):
        topics.whisper("chat.a", "typing", number)
    bells: list[Bell] = []
    while len(bells) < 20:
        bells += await hear(layers, channel)
    assert [json.loads(bell.frame or "")["data"] for bell in bells] == list(range(20))
    assert {(bell.topic, bell.seq, bell.origin) for bell in bells} == {
        ("chat.a", None, doorbell.origin())
    }
    await layers.flush()


async def test_a_program_that_ends_at_once_has_rung(
    layers: RedisPubSubChannelLayer, redis_url: str
) -> None:
    channel = await listen(layers, "chat.a")
    # By name: what looks it up ends early in a program that ends.
    url = redis_url.replace("127.0.0.1", "localhost")
    command = [sys.executable, "-c", PROGRAM, url]
    bells: list[Bell] = []
    # A doorbell is given a second, which a busy machine may not have: one of three is heard.
    for _ in range(3):
        await asyncio.to_thread(subprocess.run, command, check=True, timeout=60)
        with suppress(TimeoutError):
            bells = await hear(layers, channel)
            break
    (bell,) = bells
    assert json.loads(bell.frame or "")["data"] == {"n": 1}
    assert bell.origin != doorbell.origin()
    await layers.flush()


async def test_a_reply_reaches_its_channel(layers: RedisPubSubChannelLayer) -> None:
    channel: str = await layers.new_channel()
    doorbell.reply(channel, {"type": "job.event", "event": "job.succeeded"})
    message = await asyncio.wait_for(layers.receive(channel), 10)
    assert message["event"] == "job.succeeded"
    await layers.flush()
