from __future__ import annotations

import threading
from functools import partial

import pytest
from django.db import connections, transaction

from channels_celery import topics
from channels_celery.topics.events import Event
from tests.integration.topics.publishers import (
    PATIENCE_SECONDS,
    is_whole,
    rolled_back,
    sequence,
    side_by_side,
)

ROUNDS = 12


def directly(database: str) -> None:
    for number in range(ROUNDS):
        topics.publish("chat.a" if number % 2 else "chat.b", "message", number)


def in_transactions(database: str, first: str, second: str) -> None:
    for number in range(ROUNDS):
        with transaction.atomic(using=database):
            topics.publish(first, "message", number)
            topics.publish(second, "message", number)


def rolling_back(database: str) -> None:
    for number in range(ROUNDS):
        with rolled_back(database):
            topics.publish("chat.a", "message", number)


def reading(database: str) -> None:
    for _ in range(ROUNDS):
        events = topics.read("chat.a", limit=1_000).events
        assert [event.seq for event in events] == list(range(1, len(events) + 1))


def test_concurrent_publishers_leave_no_hole(database: str, rung: list[Event]) -> None:
    side_by_side(
        partial(directly, database),
        partial(directly, database),
        partial(in_transactions, database, "chat.a", "chat.b"),
        partial(in_transactions, database, "chat.b", "chat.a"),
        partial(rolling_back, database),
        partial(reading, database),
    )
    for topic in ("chat.a", "chat.b"):
        assert len(sequence(database, topic)) == 3 * ROUNDS
        assert is_whole(database, topic)
        told = sorted(event.seq for event in rung if event.topic == topic and event.seq)
        assert told == sequence(database, topic), "each event is announced once"


def test_one_publishers_events_keep_their_order(database: str, rung: list[Event]) -> None:
    def publisher(name: str) -> None:
        for number in range(ROUNDS):
            topics.publish("chat.a", "message", [name, number])

    side_by_side(*(partial(publisher, name) for name in "abc"))
    events = [event.value for event in topics.read("chat.a", limit=1_000).events]
    for name in "abc":
        assert [number for who, number in events if who == name] == list(range(ROUNDS))


def test_one_key_sent_at_once_from_everywhere_is_one_event(
    database: str, rung: list[Event]
) -> None:
    def plain(key: str) -> Event:
        return topics.publish("chat.a", "message", 1, key=key)

    def inside(key: str) -> Event:
        with transaction.atomic(using=database):
            return topics.publish("chat.a", "message", 1, key=key)

    for number in range(5):
        made = side_by_side(*(partial(call, f"k{number}") for call in [plain, plain, inside] * 2))
        assert {event.mid for event in made} == {f"k{number}"}
        assert {event.seq for event in made} <= {number + 1, None}
    assert is_whole(database, "chat.a")
    assert [event.seq for event in rung] == [1, 2, 3, 4, 5]


POSTGRESQL = pytest.mark.parametrize(
    "database",
    [
        pytest.param(
            "postgresql",
            marks=pytest.mark.django_db(transaction=True, databases=["postgresql"]),
        )
    ],
    indirect=True,
)


@POSTGRESQL
def test_transactions_that_publish_in_opposite_order_never_deadlock(
    database: str, rung: list[Event]
) -> None:
    both_have_one = threading.Barrier(2)

    def publisher(first: str, second: str) -> None:
        for number in range(5):
            with transaction.atomic(using=database):
                topics.publish(first, "message", number)
                topics.position(first)
                both_have_one.wait(PATIENCE_SECONDS)
                topics.publish(second, "message", number)

    side_by_side(partial(publisher, "chat.a", "chat.b"), partial(publisher, "chat.b", "chat.a"))
    assert is_whole(database, "chat.a")
    assert is_whole(database, "chat.b")
    assert len(rung) == 20


@POSTGRESQL
def test_an_open_transaction_stops_nobody_in_its_topic(database: str, rung: list[Event]) -> None:
    with transaction.atomic(using=database):
        topics.publish("chat.a", "message", "slow")

        def other() -> Event:
            return topics.publish("chat.a", "message", "quick")

        (quick,) = side_by_side(other)
        assert quick.seq == 1
    assert [(event.seq, event.value) for event in rung] == [(1, "quick"), (2, "slow")]


@POSTGRESQL
def test_the_first_publish_after_the_database_came_back_finds_it(
    database: str, rung: list[Event]
) -> None:
    side_by_side(*(partial(topics.publish, "chat.a", "message", n) for n in range(3)))
    with connections[database].cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone()[0] >= 1
    assert topics.publish("chat.a", "message", 3).seq == 4
    assert topics.read("chat.a").top.seq == 4
