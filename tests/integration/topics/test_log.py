from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import transaction

from channels_celery import topics
from channels_celery.errors import BadMessage, BadTopic, TooLarge
from channels_celery.topics import numbering, reading
from channels_celery.topics.events import Event
from channels_celery.topics.models import Event as EventRow
from tests.integration.topics.publishers import is_whole, rolled_back, sequence


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends between commit and numbering, each time."""
    monkeypatch.setattr(numbering, "settle", lambda topic: None)


def publish_inside(database: str, *numbers: int) -> None:
    with transaction.atomic(using=database):
        for number in numbers:
            assert topics.publish("chat.a", "message", {"n": number}).seq is None


def numbers(rung: list[Event]) -> list[tuple[int | None, Any]]:
    return [(event.seq, event.value["n"]) for event in rung]


def test_an_event_is_numbered_stored_and_announced_at_once(
    database: str, rung: list[Event]
) -> None:
    before = time.time_ns() // 1_000_000
    events = [topics.publish("chat.a", "message", {"n": number}) for number in (1, 2, 3)]
    assert [event.seq for event in events] == [1, 2, 3]
    assert rung == events
    assert abs(events[0].ts - before) < 60_000
    assert list(topics.read("chat.a").events) == events
    assert events[0].value == {"n": 1}


def test_topics_are_numbered_apart(database: str, rung: list[Event]) -> None:
    seqs = [topics.publish(f"chat.{name}", "message", 1).seq for name in "abab"]
    assert seqs == [1, 1, 2, 2]


def test_events_of_a_transaction_are_numbered_and_announced_after_its_commit(
    database: str, rung: list[Event]
) -> None:
    with transaction.atomic(using=database):
        topics.publish("chat.a", "message", {"n": 1})
        topics.publish("chat.b", "message", {"n": 2})
        topics.publish("chat.a", "message", {"n": 3})
        assert rung == []
    assert sorted((event.topic, event.seq, event.value["n"]) for event in rung) == [
        ("chat.a", 1, 1), ("chat.a", 2, 3), ("chat.b", 1, 2),
    ]  # fmt: skip


def test_a_rolled_back_transaction_leaves_no_event(database: str, rung: list[Event]) -> None:
    with rolled_back(database):
        topics.publish("chat.a", "message", {"n": 1})
    with transaction.atomic(using=database):
        with rolled_back(database):
            topics.publish("chat.a", "message", {"n": 2})
        topics.publish("chat.a", "message", {"n": 3})
    assert numbers(rung) == [(1, 3)]
    assert sequence(database, "chat.a") == [1]


def test_the_same_key_is_one_event(database: str, rung: list[Event]) -> None:
    first = topics.publish("chat.a", "message", {"n": 1}, key="k")
    again = topics.publish("chat.a", "message", {"n": 2}, key="k")
    with transaction.atomic(using=database):
        inside = topics.publish("chat.a", "message", {"n": 3}, key="k")
    assert first == again == inside == rung[0]
    assert len(rung) == 1
    assert topics.publish("chat.b", "message", {"n": 1}, key="k").topic == "chat.b"
    assert topics.publish("chat.a", "message", {"n": 4}).seq == 2


@pytest.mark.usefixtures("crash")
def test_what_a_crash_left_is_numbered_by_the_next_publish(
    database: str, rung: list[Event]
) -> None:
    publish_inside(database, 1, 2)
    assert sequence(database, "chat.a") == [None, None]
    assert topics.publish("chat.a", "message", {"n": 3}).seq == 3
    assert numbers(rung) == [(1, 1), (2, 2), (3, 3)]


@pytest.mark.usefixtures("crash")
def test_what_a_crash_left_is_numbered_by_the_next_reader(database: str, rung: list[Event]) -> None:
    publish_inside(database, 1, 2)
    page = topics.read("chat.a")
    assert [event.seq for event in page.events] == [1, 2]
    assert page.top.seq == 2
    assert numbers(rung) == [(1, 1), (2, 2)]


@pytest.mark.usefixtures("crash")
def test_what_a_crash_left_is_numbered_by_the_sweep(database: str, rung: list[Event]) -> None:
    from channels_celery.database import session

    publish_inside(database, 1)
    topics.publish("chat.b", "message", {"n": 2})
    with session() as current:
        tops = reading.tops(current, ["chat.a", "chat.b", "chat.none"])
        assert reading.tops(current, []) == {}
    assert {name: seq for name, (_, seq) in tops.items()} == {"chat.a": 1, "chat.b": 1}
    assert numbers(rung) == [(1, 2), (1, 1)]


@pytest.mark.usefixtures("crash")
def test_what_a_crash_left_is_numbered_when_its_key_comes_again(
    database: str, rung: list[Event]
) -> None:
    with transaction.atomic(using=database):
        topics.publish("chat.a", "message", {"n": 1}, key="k")
    assert topics.publish("chat.a", "message", {"n": 1}, key="k").seq == 1
    assert numbers(rung) == [(1, 1)]


@pytest.mark.usefixtures("crash")
def test_a_reader_inside_a_transaction_locks_no_topic(database: str, rung: list[Event]) -> None:
    publish_inside(database, 1)
    with transaction.atomic(using=database):
        assert topics.position("chat.a") == topics.Position(epoch="", seq=0)
        assert topics.read("chat.a").events == ()
    assert sequence(database, "chat.a") == [None]
    assert rung == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("chat a", "message", {}), BadTopic),
        (("chat.a", "a message", {}), BadMessage),
        (("chat.a", "message", {"x": object()}), BadMessage),
        (("chat.a", "message", "x" * 33_000), TooLarge),
    ],
)
def test_a_bad_event_is_refused_whole(
    database: str, rung: list[Event], arguments: tuple[Any, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        topics.publish(*arguments)
    assert EventRow.objects.using(database).count() == 0


@pytest.mark.parametrize("data", ["a 'quoted' 100 % é 🎈", None, 2**60, 0.1, [], {"": [{}]}])
def test_data_comes_back_as_it_was(database: str, rung: list[Event], data: Any) -> None:
    topics.publish("chat.a", "message", data)
    with transaction.atomic(using=database):
        topics.publish("chat.a", "message", data)
    assert [event.value for event in topics.read("chat.a").events] == [data, data]
    assert is_whole(database, "chat.a")
