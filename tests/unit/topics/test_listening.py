"""How a hub listens at the channel layer, and goes on when that breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from channels_celery.topics import listening
from channels_celery.topics.doorbell import Bell
from channels_celery.topics.listening import Listening

from .scripted import PATIENCE_SECONDS, until

RUNG = {
    "type": "topics.bells",
    "origin": "x",
    "bells": [["a", 1, None, False], ["b", 2, None, False]],
}


class Layer:
    """A channel layer that a test can break."""

    def __init__(self) -> None:
        self.joined: list[str] = []
        self.made = 0
        self.messages: asyncio.Queue[Any] = asyncio.Queue()
        self.broken = False
        #: Cancellations that it will lose, as asyncio.wait_for of Python 3.11 does.
        self.losing = 0
        self.sending = asyncio.Event()
        self.sending.set()

    async def new_channel(self) -> str:
        self._check()
        self.made += 1
        return f"channel-{self.made}"

    async def group_add(self, group: str, channel: str) -> None:
        self._check()
        self.joined.append(group)
        await self._wait(self.sending.wait)

    async def receive(self, channel: str) -> Any:
        message = await self._wait(self.messages.get)
        if isinstance(message, Exception):
            raise message
        return message

    def _check(self) -> None:
        if self.broken:
            raise OSError("the layer is away")

    async def _wait(self, wait: Callable[[], Awaitable[Any]]) -> Any:
        while True:
            try:
                return await wait()
            except asyncio.CancelledError:
                if not self.losing:
                    raise
                self.losing -= 1


class Ears:
    """A Listening on a layer of the test, and what it told."""

    def __init__(self) -> None:
        self.layer = Layer()
        self.heard: list[Any] = []
        self.told: list[str] = []
        self.listening = Listening(self.heard.append, self.told.append)


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch) -> Ears:
    made = Ears()
    monkeypatch.setattr(listening, "get_channel_layer", lambda alias: made.layer)
    monkeypatch.setattr(listening, "PAUSE_SECONDS", 0.01)
    return made


async def during(ears: Ears, job: Callable[[], Any]) -> None:
    task = asyncio.ensure_future(ears.listening.run())
    try:
        await job()
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=PATIENCE_SECONDS)
        assert task.cancelled()


async def test_a_group_is_joined_with_its_first_topic_and_its_topics_are_looked_at(
    ears: Ears,
) -> None:
    async def job() -> None:
        ears.listening.want("g1")
        await until(lambda: ears.told == ["g1"])
        ears.listening.want("g1")
        ears.listening.want("g2")
        await until(lambda: ears.told == ["g1", "g2"])
        assert ears.layer.joined == ["g1", "g2"]

    await during(ears, job)


async def test_groups_are_joined_again_after_a_while(
    ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "JOIN_AGAIN_SECONDS", 0.05)

    async def job() -> None:
        ears.listening.want("g1")
        await until(lambda: len(ears.layer.joined) > 2)
        assert ears.layer.made == 1

    await during(ears, job)


async def test_after_an_error_a_new_channel_joins_all_groups(
    ears: Ears, caplog: pytest.LogCaptureFixture
) -> None:
    async def job() -> None:
        ears.listening.want("g1")
        await until(lambda: ears.told == ["g1"])
        ears.layer.messages.put_nowait(OSError("gone"))
        ears.layer.broken = True
        await until(lambda: "events come by the sweep" in caplog.text)
        ears.listening.want("g2")
        ears.layer.broken = False
        await until(lambda: sorted(ears.told) == ["g1", "g1", "g2"])
        assert ears.layer.made == 2

    await during(ears, job)
    assert caplog.text.count("events come by the sweep") == 1


@pytest.mark.parametrize(
    "message",
    [
        None, 1, {}, {"type": "chat.message"}, {"type": "topics.bells"},
        {"type": "topics.bells", "origin": None, "bells": []},
        {"type": "topics.bells", "origin": "x", "bells": 7},
        {"type": "topics.bells", "origin": "x", "bells": [["a", 1, None]]},
        {"type": "topics.bells", "origin": "x", "bells": [[1, 1, None, False]]},
        {"type": "topics.bells", "origin": "x", "bells": [["a", "1", None, False]]},
        {"type": "topics.bells", "origin": "x", "bells": [["a", True, None, False]]},
        {"type": "topics.bells", "origin": "x", "bells": [["a", 1, b"", False]]},
    ],
)  # fmt: skip
async def test_messages_of_others_on_the_layer_do_no_harm(ears: Ears, message: Any) -> None:
    async def job() -> None:
        ears.layer.messages.put_nowait(message)
        ears.layer.messages.put_nowait(RUNG)
        await until(lambda: ears.heard)
        assert ears.heard == [
            Bell(topic="a", seq=1, frame=None, origin="x"),
            Bell(topic="b", seq=2, frame=None, origin="x"),
        ]

    await during(ears, job)


async def test_a_join_that_loses_its_cancellation_leaves_no_hub_deaf(ears: Ears) -> None:
    async def job() -> None:
        ears.listening.want("g1")
        await until(lambda: ears.told == ["g1"])
        ears.layer.sending.clear()
        ears.listening.want("g2")
        await until(lambda: ears.layer.joined == ["g1", "g2"])
        ears.layer.losing = 1
        ears.layer.messages.put_nowait(OSError("gone"))
        await until(lambda: not ears.layer.losing)
        ears.layer.sending.set()
        await until(lambda: ears.layer.made == 2 and set(ears.told[1:]) == {"g1", "g2"})

    await during(ears, job)


async def test_a_reader_that_loses_its_cancellation_leaves_no_hub_deaf(ears: Ears) -> None:
    async def job() -> None:
        ears.listening.want("g1")
        await until(lambda: ears.told == ["g1"])
        ears.layer.losing = 1
        ears.layer.broken = True
        ears.listening.want("g2")
        await until(lambda: not ears.layer.losing)
        ears.layer.broken = False
        await until(lambda: ears.layer.made == 2 and set(ears.told[1:]) == {"g1", "g2"})
        # The old reader has ended: it takes nothing from the new one.
        ears.layer.messages.put_nowait(RUNG)
        await until(lambda: ears.heard)

    await during(ears, job)


async def test_what_listens_ends_with_its_hub_whatever_loses_a_cancellation(ears: Ears) -> None:
    async def job() -> None:
        ears.listening.want("g1")
        await until(lambda: ears.told == ["g1"])
        ears.layer.losing = 1

    await during(ears, job)
    assert not ears.layer.losing
    assert asyncio.all_tasks() == {asyncio.current_task()}
