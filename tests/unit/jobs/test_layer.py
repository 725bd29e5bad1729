from __future__ import annotations

import asyncio
import copy
import logging
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer, channel_layers

from channels_celery import CeleryChannelLayer, channel_task, loop
from channels_celery.errors import BadOption, NotSupported


@pytest.fixture
def layer(settings: Any) -> CeleryChannelLayer:
    settings.CHANNEL_LAYERS = {
        "sockets": {
            "BACKEND": "channels.layers.InMemoryChannelLayer",
            "CONFIG": {"capacity": 7},
        }
    }
    channel_task("thumbnailer")(lambda job, message: None)
    return CeleryChannelLayer(inner="sockets")


async def test_a_sockets_channel_and_groups_pass_through_untouched(
    layer: CeleryChannelLayer,
) -> None:
    name = await layer.new_channel()
    await layer.group_add("room", name)
    await layer.group_send("room", {"type": "hi", "topic": "not ours"})
    assert await layer.receive(name) == {"type": "hi", "topic": "not ours"}
    await layer.send(name, {"type": "direct"})
    assert await layer.receive(name) == {"type": "direct"}
    await layer.group_discard("room", name)
    await layer.flush()


async def test_receiver_in_memory_wakes_for_what_another_loop_sends(
    layer: CeleryChannelLayer,
) -> None:
    name = await layer.new_channel()
    await layer.group_add("room", name)

    async def send() -> None:
        await asyncio.sleep(0.05)  # by then this test's loop sleeps
        await layer.send(name, {"type": "direct"})
        await layer.group_send("room", {"type": "to all"})

    receiving = asyncio.ensure_future(layer.receive(name))
    sending = loop.submit(send())
    # Nothing else wakes this loop, but this: by then it is too late.
    late: list[bool] = []
    timer = asyncio.get_running_loop().call_later(5, late.append, True)
    assert await receiving == {"type": "direct"}
    timer.cancel()
    assert late == []
    assert await layer.receive(name) == {"type": "to all"}
    await asyncio.wrap_future(sending)


async def test_everything_else_is_the_inner_layers(layer: CeleryChannelLayer) -> None:
    inner: Any = channel_layers["sockets"]
    assert layer.extensions == inner.extensions
    assert layer.capacity == 7
    assert not hasattr(layer, "no_such_thing")
    assert isinstance(inner, InMemoryChannelLayer)


async def test_group_of_a_background_channel_is_refused(layer: CeleryChannelLayer) -> None:
    with pytest.raises(NotSupported, match="send to it by name"):
        await layer.group_add("room", "thumbnailer")


async def test_receiving_a_background_channel_is_refused(layer: CeleryChannelLayer) -> None:
    with pytest.raises(NotSupported, match="celery worker"):
        await layer.receive("thumbnailer")


async def test_mistyped_name_is_told_once_with_the_nearest(
    layer: CeleryChannelLayer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "channels_celery"):
        for _ in range(3):
            await layer.send("thumbnialer", {"type": "x"})
    (line,) = caplog.messages
    assert "did you mean 'thumbnailer'" in line
    assert await layer.receive("thumbnialer") == {"type": "x"}


async def test_sockets_own_channels_are_not_told(
    layer: CeleryChannelLayer, caplog: pytest.LogCaptureFixture
) -> None:
    await layer.send("specific.abc!def", {"type": "x"})
    assert caplog.messages == []


async def test_missing_inner_layer_is_named(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {}
    with pytest.raises(BadOption, match="'redis'"):
        await CeleryChannelLayer(inner="redis").send("a!b", {})


def test_a_layer_can_be_copied(layer: CeleryChannelLayer) -> None:
    assert copy.copy(layer).capacity == 7
