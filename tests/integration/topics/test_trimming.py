"""How much of a log is kept: its rule says, and whoever trims does it in steps."""

from __future__ import annotations

import asyncio
import math
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError

from channels_celery import topics
from channels_celery.database import Session, session
from channels_celery.topics import access, chores, pool, trimming, upkeep
from channels_celery.topics.events import Event
from channels_celery.topics.hub import Hub
from channels_celery.topics.models import Chore, Topic
from channels_celery.topics.models import Event as EventRow
from channels_celery.topics.trimming import Trimmer
from tests.integration.topics.publishers import sequence, side_by_side
from tests.unit.topics.hub_of_loop import end_hub

DAY_MS = 86_400_000

pytestmark = pytest.mark.usefixtures("rung")


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_rules", {})
    topics.rule("few.<slug:name>", keep=3, keep_hours=None)(lambda visitor, name: True)
    topics.rule("day.<slug:name>", keep=None)(lambda visitor, name: True)
    topics.rule("both.<slug:name>", keep=3)(lambda visitor, name: True)
    topics.rule("all.<slug:name>", keep=None, keep_hours=None)(lambda visitor, name: True)


def publish(topic: str, count: int) -> None:
    for number in range(count):
        topics.publish(topic, "message", number)


def age(database: str, topic: str, through: int) -> None:
    """Make the events up to there a day and a bit old."""
    old = EventRow.objects.using(database).filter(topic=topic, seq__lte=through)
    for event in old:
        EventRow.objects.using(database).filter(pk=event.pk).update(ts=event.ts - DAY_MS - 1_000)


def trim() -> None:
    with session() as current:
        assert trimming.trim(current, "", 60.0) is None


def row(database: str, topic: str) -> Topic:
    return Topic.objects.using(database).get(name=topic)


def test_each_log_keeps_what_its_rule_says(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trimming, "CHUNK", 2)
    monkeypatch.setattr(trimming, "TOPICS", 2)
    for name in ("few.a", "day.a", "both.a", "both.b", "all.a", "other.a"):
        publish(name, 8)
        age(database, name, 6 if name == "both.b" else 4)
    trim()
    kept = {"few.a": 5, "day.a": 4, "both.a": 5, "both.b": 6, "all.a": 0, "other.a": 0}
    for name, trimmed in kept.items():
        assert sequence(database, name) == list(range(trimmed + 1, 9)), name
        assert (row(database, name).trimmed_to, row(database, name).seq) == (trimmed, 8)


def test_who_was_before_the_start_is_told_so_and_who_was_at_it_goes_on(database: str) -> None:
    publish("few.a", 1)
    first = topics.position("few.a")
    publish("few.a", 4)
    second = topics.Position(epoch=first.epoch, seq=2)
    trim()
    assert topics.read("few.a", first).reason == "trimmed"
    page = topics.read("few.a", second)
    assert (page.reason, [event.seq for event in page.events]) == (None, [3, 4, 5])
    assert topics.read("few.a").since == 2


def test_an_event_out_of_time_s_order_does_not_open_a_hole(database: str) -> None:
    publish("day.a", 5)
    age(database, "day.a", 4)
    EventRow.objects.using(database).filter(topic="day.a", seq=2).update(ts=9 * 10**12)
    trim()
    assert sequence(database, "day.a") == [2, 3, 4, 5]


def test_a_log_of_which_all_is_gone_keeps_its_place_for_a_month(database: str) -> None:
    publish("day.a", 2)
    age(database, "day.a", 2)
    before = topics.position("day.a")
    trim()
    at = topics.position("day.a")
    assert (at.epoch, at.seq, at.mid) == (before.epoch, 2, "")
    assert topics.read("day.a", before).reason is None
    trim()
    emptied = row(database, "day.a").emptied
    assert emptied is not None
    publish("day.a", 1)
    assert topics.read("day.a", before).events[0].seq == 3


def test_after_a_month_it_begins_anew_with_another_epoch(database: str) -> None:
    for name in ("day.a", "day.b"):
        publish(name, 2)
        age(database, name, 2)
    before = topics.position("day.a")
    trim()
    publish("day.b", 1)
    Topic.objects.using(database).update(emptied=1)
    trim()
    assert list(Topic.objects.using(database).values_list("name", flat=True)) == ["day.b"]
    publish("day.a", 3)
    after = topics.position("day.a")
    assert after.seq == 3
    assert before.epoch not in ("", after.epoch)
    assert topics.read("day.a", before).reason == "epoch"


def test_publishers_and_several_trimmers_do_not_harm_each_other(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trimming, "CHUNK", 3)

    def trimmers() -> None:
        for _ in range(12):
            trim()

    names = ("few.a", "few.b")
    side_by_side(
        *[partial(publish, name, 30) for name in names for _ in range(2)], trimmers, trimmers
    )
    trim()
    for name in names:
        assert sequence(database, name) == [58, 59, 60]
        assert row(database, name).trimmed_to == 57


def test_a_log_that_has_begun_anew_meanwhile_loses_nothing(database: str) -> None:
    publish("few.a", 9)
    with session() as current:
        (seen,) = trimming._look(current, "")
    topics.delete("few.a")
    publish("few.a", 2)
    with session() as current:
        assert trimming._bring_down(current, seen, math.inf)
    assert sequence(database, "few.a") == [1, 2]


def test_a_step_stops_in_time_and_the_next_goes_on(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trimming, "CHUNK", 2)
    for name in ("few.a", "few.b", "few.c"):
        publish(name, 9)
    with session() as current:
        last: str | None = ""
        steps = 0
        while last is not None:
            last = trimming.trim(current, last, 0.0)
            steps += 1
    assert steps > 3
    assert [sequence(database, f"few.{name}") for name in "abc"] == [[7, 8, 9]] * 3


def test_one_process_at_a_time_makes_a_pass(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trimming, "BUDGET_SECONDS", 60.0)
    first, second = Trimmer(), Trimmer()
    assert not first.is_due
    first._next = second._next = 0.0
    publish("few.a", 5)
    with session() as current:
        assert first.step(current) is False
        assert sequence(database, "few.a") == [3, 4, 5]
        publish("few.a", 1)
        assert second.step(current) is False
        assert sequence(database, "few.a") == [3, 4, 5, 6]
        Chore.objects.using(database).update(due=0)
        second._next = 0.0
        second.step(current)
    assert sequence(database, "few.a") == [4, 5, 6]


def test_whoever_is_at_a_pass_keeps_it(database: str) -> None:
    with session() as current:
        assert chores.take(current, "trim", seconds=60)
        assert not chores.take(current, "trim", seconds=60)
        assert chores.take(current, "other", seconds=0)
        assert chores.take(current, "other", seconds=0)
        chores.keep(current, "other", seconds=60)
        assert not chores.take(current, "other", seconds=0)


def test_what_a_crash_left_without_a_number_gets_one(database: str, rung: list[Event]) -> None:
    EventRow.objects.using(database).create(
        topic="few.lost", mid="m", type="message", data="1", ts=1_000
    )
    trimmer: Any = Trimmer()
    trimmer._next = 0.0
    with session() as current:
        trimmer.step(current)
    assert sequence(database, "few.lost") == [1]


async def test_a_hub_trims_by_itself_and_goes_on_after_an_error(
    database: str, monkeypatch: pytest.MonkeyPatch, no_server: None
) -> None:
    for module, name in ((trimming, "PASS"), (upkeep, "LOOK"), (upkeep, "STEP")):
        monkeypatch.setattr(module, f"{name}_SECONDS", 0.01)
    broken = iter([OperationalError("away")])
    kept = trimming.Trimmer.step

    def step(self: Trimmer, current: Session) -> bool:
        for error in broken:
            raise error
        return kept(self, current)

    monkeypatch.setattr(trimming.Trimmer, "step", step)
    await pool.run(lambda: publish("few.a", 8))
    Hub.current()
    try:
        async with asyncio.timeout(20):
            while await pool.run(lambda: sequence(database, "few.a")) != [6, 7, 8]:
                pass
    finally:
        await end_hub()
    assert next(broken, None) is None
