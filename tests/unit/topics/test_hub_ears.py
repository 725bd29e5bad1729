"""How a hub hears of events: its own process and the sweep."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from channels_celery.errors import DatabaseAway
from channels_celery.topics import doorbell
from channels_celery.topics.doorbell import Bell
from channels_celery.topics.hub import Hub
from channels_celery.topics.sweep import Sweep

from .readers import TOPIC, Logs, bell, settle
from .scripted import until


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


async def test_topics_of_a_group_just_joined_are_compared_at_once(settings: Any) -> None:
    # No sweep of all topics comes first.
    settings.CHANNELS_CELERY = {"SWEEP_SECONDS": 600.0}
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
    assert swept.logs.trusted


async def test_bells_of_topics_that_nobody_follows_are_passed_over() -> None:
    hub = Hub(Logs())
    hub.hear(bell(Logs().of[TOPIC].append()))
    assert hub.feeds == {}
