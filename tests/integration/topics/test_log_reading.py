from __future__ import annotations

import pytest

from channels_celery import topics
from channels_celery.topics import Position
from channels_celery.topics.events import Event
from channels_celery.topics.models import Event as EventRow
from channels_celery.topics.models import Topic

pytestmark = pytest.mark.usefixtures("rung")


@pytest.fixture
def log(database: str, rung: list[Event]) -> list[Event]:
    return [topics.publish("chat.a", "message", number, key=f"m{number}") for number in range(1, 6)]


def seqs(page: topics.reading.Page) -> list[int | None]:
    return [event.seq for event in page.events]


def epoch() -> str:
    return topics.position("chat.a").epoch


def trim(database: str, through: int) -> None:
    EventRow.objects.using(database).filter(topic="chat.a", seq__lte=through).delete()
    Topic.objects.using(database).filter(name="chat.a").update(trimmed_to=through)


def test_a_position_names_epoch_top_and_the_tops_mid(log: list[Event]) -> None:
    at = topics.position("chat.a")
    assert (at.seq, at.mid) == (5, "m5")
    assert at.epoch


def test_without_a_position_everything_kept_is_read(database: str, log: list[Event]) -> None:
    assert seqs(topics.read("chat.a")) == [1, 2, 3, 4, 5]
    trim(database, 2)
    page = topics.read("chat.a")
    assert (page.reason, page.since, page.trimmed_to, seqs(page)) == (None, 2, 2, [3, 4, 5])


def test_after_a_position_only_what_follows_is_read(log: list[Event]) -> None:
    page = topics.read("chat.a", Position(epoch=epoch(), seq=3, mid="m3"))
    assert (page.reason, page.since, seqs(page)) == (None, 3, [4, 5])
    assert seqs(topics.read("chat.a", page.top)) == []


def test_pages_go_on_where_the_last_one_ended(log: list[Event]) -> None:
    page = topics.read("chat.a", limit=2)
    assert (seqs(page), page.top.seq) == ([1, 2], 5)
    last = page.events[-1]
    page = topics.read("chat.a", Position(epoch=page.top.epoch, seq=2, mid=last.mid), limit=2)
    assert seqs(page) == [3, 4]
    assert seqs(topics.read("chat.a", limit=0)) == []


def test_a_topic_without_events_has_an_empty_position_and_makes_no_row(database: str) -> None:
    assert topics.position("chat.none") == Position(epoch="", seq=0)
    page = topics.read("chat.none", Position(epoch="", seq=0))
    assert (page.reason, page.events) == (None, ())
    assert not Topic.objects.using(database).exists()


def test_who_came_before_the_first_event_follows_from_it(log: list[Event]) -> None:
    page = topics.read("chat.a", Position(epoch="", seq=0))
    assert (page.reason, seqs(page)) == (None, [1, 2, 3, 4, 5])


@pytest.mark.parametrize(
    ("since", "trimmed", "reason"),
    [
        (Position(epoch="another", seq=3, mid="m3"), 0, "epoch"),
        (Position(epoch="", seq=3), 0, "epoch"),
        (Position(epoch="", seq=9, mid="m9"), 0, "epoch"),
        # Its event is trimmed, perhaps deleted with the log it was of: nothing proves it.
        (Position(epoch="", seq=3, mid="m3"), 3, "epoch"),
        (Position(epoch="same", seq=6, mid="m6"), 0, "rolled_back"),
        (Position(epoch="same", seq=3, mid="another"), 0, "rolled_back"),
        (Position(epoch="same", seq=1, mid="m1"), 2, "trimmed"),
        (Position(epoch="same", seq=0), 5, "trimmed"),
        (Position(epoch="", seq=0), 2, "trimmed"),
    ],
)
def test_a_position_that_the_log_can_not_continue_is_told_why(
    database: str, log: list[Event], since: Position, trimmed: int, reason: str
) -> None:
    trim(database, trimmed)
    if since.epoch == "same":
        since = Position(epoch=epoch(), seq=since.seq, mid=since.mid)
    page = topics.read("chat.a", since)
    assert (page.reason, page.events) == (reason, ())
    assert page.since == page.top.seq == 5


@pytest.mark.parametrize("seq", [2, 5])
def test_a_position_at_the_edge_of_what_is_kept_holds(
    database: str, log: list[Event], seq: int
) -> None:
    # Its event is trimmed: its mid can not be checked, and nothing after it is missing.
    trim(database, seq)
    page = topics.read("chat.a", Position(epoch=epoch(), seq=seq, mid=f"m{seq}"))
    assert (page.reason, seqs(page)) == (None, list(range(seq + 1, 6)))
