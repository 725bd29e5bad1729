from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.db import OperationalError

from channels_celery import topics
from channels_celery.errors import DatabaseAway
from channels_celery.topics import Access, Refused, Visitor
from channels_celery.topics.events import Event
from channels_celery.topics.log import Appended
from channels_celery.topics.publishing import publish_from
from tests.integration.topics.publishers import is_whole, sequence, side_by_side

ANN = Visitor(user=AnonymousUser(), id="g1", name="Ann")
BOB = Visitor(user=AnonymousUser(), id="g2", name="Bob")
PLAIN = Access(read=True, publish=("message",))


def say(access: Access, visitor: Visitor = ANN, mid: str = "m1", data: Any = "hi") -> Appended:
    return publish_from(visitor, access, "chat.a", mid, "message", data)


def groups(database: str) -> set[str]:
    return set(Group.objects.using(database).values_list("name", flat=True))


@pytest.fixture
def keeping(database: str) -> Access:
    """An access whose `accept` writes a row for each message and changes it."""

    def accept(visitor: Visitor, type: str, data: Any) -> Any:
        Group.objects.using(database).create(name=f"{visitor.name} {data}")
        if data == "rude":
            raise Refused("rude", "Not here.")
        return data.upper()

    return Access(read=True, publish=("message",), accept=accept)


def test_a_visitors_event_is_numbered_and_says_whose_it_is(
    database: str, rung: list[Event]
) -> None:
    said = say(PLAIN)
    assert (said.event.seq, said.duplicate) == (1, False)
    assert rung == [said.event]
    (event,) = topics.read("chat.a").events
    assert json.loads(event.by) == {"id": "g1", "name": "Ann"}


def test_a_repeated_mid_is_the_same_event(database: str, rung: list[Event]) -> None:
    first, again = say(PLAIN), say(PLAIN)
    assert again.duplicate
    assert again.event == first.event
    assert len(rung) == 1


def test_nobody_occupies_anothers_mid(database: str, rung: list[Event]) -> None:
    seqs = [say(PLAIN, ANN).event.seq, say(PLAIN, BOB).event.seq]
    seqs.append(topics.publish("chat.a", "message", 1, key="m1").seq)
    assert seqs == [1, 2, 3]


def test_accept_rewrites_and_its_rows_commit_with_the_event(
    database: str, rung: list[Event], keeping: Access
) -> None:
    said = say(keeping)
    assert (said.event.seq, said.event.value, said.duplicate) == (1, "HI", False)
    assert rung == [said.event]
    assert groups(database) == {"Ann hi"}


def test_what_accept_refuses_leaves_neither_row_nor_event(
    database: str, rung: list[Event], keeping: Access
) -> None:
    with pytest.raises(Refused, match="rude: Not here") as refused:
        say(keeping, data="rude")
    assert (refused.value.code, refused.value.reason) == ("rude", "Not here.")
    assert groups(database) == set()
    assert sequence(database, "chat.a") == []


def test_a_repeated_mid_does_not_reach_accept(
    database: str, rung: list[Event], keeping: Access
) -> None:
    first, again = say(keeping), say(keeping, data="other")
    assert (again.duplicate, again.event) == (True, first.event)
    assert groups(database) == {"Ann hi"}


def test_a_mid_sent_twice_at_once_is_accepted_once(
    database: str, rung: list[Event], keeping: Access
) -> None:
    for number in range(5):
        mid = f"m{number}"
        said = side_by_side(
            *(partial(say, keeping, mid=mid, data=f"{number}{name}") for name in "ab")
        )
        assert sorted(one.duplicate for one in said) == [False, True]
        assert {one.event.seq for one in said} == {number + 1}
        assert len({one.event.data for one in said}) == 1
    assert len(groups(database)) == 5
    assert is_whole(database, "chat.a")


def test_accept_that_returns_nothing_leaves_the_data_as_sent(
    database: str, rung: list[Event]
) -> None:
    access = Access(publish=("message",), accept=lambda visitor, type, data: None)
    assert say(access, data={"text": "hi"}).event.value == {"text": "hi"}


def test_accept_that_breaks_refuses_and_is_logged(
    database: str, rung: list[Event], caplog: pytest.LogCaptureFixture
) -> None:
    def accept(visitor: Visitor, type: str, data: Any) -> Any:
        Group.objects.using(database).create(name="half")
        raise LookupError("a bug")

    with pytest.raises(Refused) as refused:
        say(Access(publish=("message",), accept=accept))
    assert refused.value.code == "denied"
    assert "a bug" not in refused.value.reason
    assert "LookupError: a bug" in caplog.text
    assert groups(database) == set()


@pytest.mark.parametrize("data", [{"x": object()}, "x" * 33_000])
def test_accept_that_returns_what_no_event_can_carry_refuses(
    database: str, rung: list[Event], data: Any
) -> None:
    with pytest.raises(Refused):
        say(Access(publish=("message",), accept=lambda *_: data))
    assert sequence(database, "chat.a") == []


def test_a_database_that_is_away_is_told_apart_from_a_refusal(
    database: str, rung: list[Event]
) -> None:
    def accept(visitor: Visitor, type: str, data: Any) -> Any:
        raise OperationalError("gone")

    with pytest.raises(DatabaseAway):
        say(Access(publish=("message",), accept=accept))
