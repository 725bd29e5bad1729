from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from channels_celery.topics.events import Event, Position
from channels_celery.topics.reading import Page
from channels_celery.topics.replay import Replay, whole


def page(*seqs: int, since: int = 0, top: int | None = None) -> Page:
    events = tuple(
        Event(topic="a", seq=seq, mid=f"m{seq}", type="t", ts=1, data="1") for seq in seqs
    )
    last = top if top is not None else (seqs[-1] if seqs else since)
    return Page(
        topic="a",
        since=since,
        top=Position(epoch="e", seq=last, mid=f"m{last}"),
        trimmed_to=0,
        reason=None,
        events=events,
    )


def test_a_page_without_holes_is_whole() -> None:
    given = page(4, 5, 6, since=3)
    assert whole(given) == given
    assert whole(page(since=3)) == page(since=3)


def test_a_page_is_cut_at_its_first_hole() -> None:
    cut = whole(page(1, 2, 4, 5))
    assert [event.seq for event in cut.events] == [1, 2]
    assert cut.reason is None


@pytest.mark.parametrize("given", [page(3, 4, top=9), page(since=2, top=9)])
def test_a_page_that_begins_with_a_hole_is_a_gap(given: Page) -> None:
    gap = whole(given)
    assert (gap.reason, gap.since, gap.events) == ("trimmed", 9, ())


@pytest.mark.parametrize(
    ("epoch", "last", "mid", "start"),
    [
        ("e", 2, "m2", 2),
        ("e", 3, "m3", 3),
        ("", 1, "m1", 1),
        ("e", 2, "other", None),
        ("other", 2, "m2", None),
        ("e", 0, "", None),
        ("e", 4, "m4", None),
    ],
)
def test_only_an_event_of_the_page_itself_proves_where_a_subscriber_stands(
    epoch: str, last: int, mid: str, start: int | None
) -> None:
    subscriber: Any = SimpleNamespace(epoch=epoch, last=last, mid=mid)
    assert Replay(page(1, 2, 3)).start_for(subscriber) == start
