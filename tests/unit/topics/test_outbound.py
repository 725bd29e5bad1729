from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from channels.exceptions import ChannelFull

from channels_celery.topics import outbound
from tests.services import until


class Layer:
    """A channel layer that keeps what it is given and can be made to fail or hang."""

    def __init__(self) -> None:
        self.got: list[tuple[str, Any]] = []
        self.calls = 0
        self.failure: Exception | None = None
        self.gate: asyncio.Event | None = None

    async def send(self, name: str, message: dict[str, Any]) -> None:
        if name.startswith("channels_celery."):
            # A doorbell that an earlier test of this process has left to be rung.
            return
        self.calls += 1
        if self.failure:
            raise self.failure
        if self.gate:
            await self.gate.wait()
        # The later one would be quicker, were they sent side by side.
        await asyncio.sleep(0.02 / self.calls)
        self.got.append((name, message["n"]))

    group_send = send


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Layer]:
    made = Layer()
    monkeypatch.setattr(outbound, "get_channel_layer", lambda alias: made)
    monkeypatch.setattr(outbound, "_mute_until", 0.0)
    yield made
    until(lambda: not outbound._tasks, seconds=5, what="idle loop")


def test_one_groups_messages_keep_their_order(layer: Layer) -> None:
    for number in range(5):
        outbound.group_send("a", {"n": number})
    until(lambda: len(layer.got) == 5, seconds=5, what="message")
    assert layer.got == [("a", number) for number in range(5)]


def test_a_failing_layer_harms_nobody_and_is_left_alone_for_a_second(
    layer: Layer, caplog: pytest.LogCaptureFixture
) -> None:
    layer.failure = ConnectionError("refused")
    outbound.group_send("a", {"n": 1})
    until(lambda: layer.calls == 1 and not outbound._tasks, seconds=5, what="attempt")
    for number in range(100):
        outbound.group_send("b", {"n": number})
        outbound.send("c", {"n": number})
    until(lambda: not outbound._tasks, seconds=5, what="idle loop")
    assert layer.calls == 1
    assert "the channel layer failed (ConnectionError: refused)" in caplog.text
    layer.failure = None
    outbound._mute_until = time.monotonic()
    outbound.group_send("a", {"n": 2})
    until(lambda: layer.got == [("a", 2)], seconds=5, what="message after the pause")


def test_a_hanging_layer_costs_a_second_and_not_the_sender(
    layer: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "SEND_SECONDS", 0.1)
    layer.gate = asyncio.Event()
    began = time.monotonic()
    for number in range(50):
        outbound.group_send("a", {"n": number})
    assert time.monotonic() - began < 0.1
    until(lambda: outbound._mute_until > 0 and not outbound._waiting, seconds=5, what="time-out")
    assert layer.got == []


@pytest.mark.parametrize("failure", [ChannelFull(), TypeError("no channel's name")])
def test_one_bad_reader_does_not_silence_the_layer(
    layer: Layer, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    layer.failure = failure
    outbound.send("specific!slow", {"n": 1})
    until(lambda: layer.calls == 1 and not outbound._tasks, seconds=5, what="attempt")
    layer.failure = None
    outbound.group_send("a", {"n": 2})
    until(lambda: layer.got == [("a", 2)], seconds=5, what="message")
    assert "specific!slow: a message is dropped" in caplog.text


def test_without_a_layer_nothing_is_sent_and_nothing_is_wrong(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(outbound, "get_channel_layer", asked.append)
    monkeypatch.setattr(outbound, "_mute_until", 0.0)
    outbound.group_send("a", {"n": 1})
    until(lambda: asked and not outbound._tasks, seconds=5, what="idle loop")
    assert outbound._waiting == {}
    assert caplog.text == ""
