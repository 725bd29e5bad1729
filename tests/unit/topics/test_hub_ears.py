"""How a hub hears of events: its own process, the channel layer, the sweep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from channels_celery.errors import DatabaseAway
from channels_celery.topics import doorbell, listening
from channels_celery.topics.doorbell import Bell
from channels_celery.topics.hub import Hub
from channels_celery.topics.listening import Listening
from channels_celery.topics.sweep import Sweep

from .readers import TOPIC, Logs, bell, settle
from .scripted import until


class Layer:
    """A channel layer that a test can break."""

    def __init__(self) -> None:
        self.joined: list[str] = []
        self.made = 0
        self.messages: asyncio.Queue[Any] = asyncio.Queue()
        self.broken = False

    async def new_channel(self) -> str:
        self._check()
        self.made += 1
        return f"channel-{self.made}"

    async def group_add(self, group: str, channel: str) -> None:
        self._check()
        self.joined.append(group)

    async def receive(self, channel: str) -> Any:
        message = await self.messages.get()
        if isinstance(message, Exception):
            raise message
        return message

    def _check(self) -> None:
        if self.broken:
            raise OSError("the layer is away")


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
        with suppress(asyncio.CancelledError):
            await task


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
    rung = {
        "type": "topics.bells",
        "origin": "x",
        "bells": [["a", 1, None, False], ["b", 2, None, False]],
    }

    async def job() -> None:
        ears.layer.messages.put_nowait(message)
        ears.layer.messages.put_nowait(rung)
        await until(lambda: ears.heard)
        assert ears.heard == [
            Bell(topic="a", seq=1, frame=None, origin="x"),
            Bell(topic="b", seq=2, frame=None, origin="x"),
        ]

    await during(ears, job)


async def test_this_process_s_own_doorbells_are_not_heard_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = Hub(Logs())
    rung: list[Bell] = []
    monkeypatch.setattr(hub, "hear", rung.append)
    own = Bell(topic=TOPIC, seq=1, frame=None, origin=doorbell.origin())
    hub._hear_layer(own)
    hub._hear_layer(Bell(topic=TOPIC, seq=2, frame=None, origin="x"))
    assert [one.seq for one in rung] == [2]


async def test_a_doorbell_with_a_frame_that_is_none_makes_a_read() -> None:
    logs = Logs()
    hub = Hub(logs)
    connection: Any = None
    subscriber = hub.follow(connection, TOPIC)
    subscriber.feed.hear(Bell(topic=TOPIC, seq=1, frame="no json", origin="x"))
    assert (subscriber.feed.top, subscriber.feed.mid) == (1, "")


class Swept:
    """A Sweep of a hub with one feed that nobody reads."""

    def __init__(self) -> None:
        self.logs = Logs()
        self.hub = Hub(self.logs)
        connection: Any = None
        self.feed = self.hub.follow(connection, TOPIC).feed
        self.sweep = Sweep(self.hub)


async def test_the_sweep_finds_a_lost_doorbell() -> None:
    swept = Swept()
    swept.logs.of[TOPIC].append()
    assert await swept.sweep._compare([TOPIC])
    assert (swept.feed.top, swept.feed.epoch) == (1, "e0")


async def test_the_sweep_takes_its_topics_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels_celery.topics.sweep.SLICE", 2)
    swept = Swept()
    asked: list[list[str]] = []

    async def tops(given: dict[str, int]) -> dict[str, Any]:
        asked.append(list(given))
        return {}

    monkeypatch.setattr(swept.logs, "tops", tops)
    connection: Any = None
    for number in range(4):
        swept.hub.follow(connection, f"t.{number}")
    assert await swept.sweep._compare(list(swept.hub.feeds))
    assert asked == [[TOPIC, "t.0"], ["t.1", "t.2"], ["t.3"]]


async def test_a_sweep_without_an_answer_is_not_a_complete_one() -> None:
    swept = Swept()
    swept.logs.away = True
    assert not await swept.sweep._compare([TOPIC])
    assert not swept.logs.trusted
    swept.logs.away = False
    mark = swept.logs.sweep_began()
    assert await swept.sweep._compare([TOPIC])
    swept.logs.sweep_ended(mark)
    assert swept.logs.trusted


async def test_topics_of_a_group_just_joined_are_compared_at_once() -> None:
    swept = Swept()
    task = asyncio.ensure_future(swept.sweep.run())
    await settle()
    swept.logs.of[TOPIC].append()
    swept.sweep.look_at(doorbell.group_of(TOPIC))
    await until(lambda: swept.feed.top == 1)
    task.cancel()


async def test_a_sweep_that_breaks_goes_on(
    monkeypatch: pytest.MonkeyPatch, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHANNELS_CELERY = {"SWEEP_SECONDS": 0.01}
    swept = Swept()
    found = swept.logs.tops
    errors = [ZeroDivisionError(), DatabaseAway()]

    async def tops(given: Any) -> Any:
        if errors:
            raise errors.pop(0)
        return await found(given)

    monkeypatch.setattr(swept.logs, "tops", tops)
    swept.logs.of[TOPIC].append()
    task = asyncio.ensure_future(swept.sweep.run())
    await until(lambda: swept.feed.top == 1)
    task.cancel()
    assert "the sweep failed" in caplog.text
    # The one without an answer.
    assert swept.sweep.late == 1


async def test_a_sweep_that_takes_too_long_is_counted(settings: Any) -> None:
    settings.CHANNELS_CELERY = {"SWEEP_SECONDS": 0.001}
    swept = Swept()
    swept.logs.turns = 100
    task = asyncio.ensure_future(swept.sweep.run())
    await until(lambda: swept.sweep.late)
    task.cancel()


async def test_bells_of_topics_that_nobody_follows_are_passed_over() -> None:
    hub = Hub(Logs())
    hub.hear(bell(Logs().of[TOPIC].append()))
    assert hub.feeds == {}
