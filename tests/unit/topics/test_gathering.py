"""What is in no hurry shares a message; what is, waits for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from channels_celery.topics import gathering
from channels_celery.topics.gathering import Gathering
from tests.services import until


class Told:
    def __init__(self) -> None:
        self.messages: list[tuple[str, list[Any]]] = []
        self.gathering = Gathering(lambda group, entries: self.messages.append((group, entries)))

    def of(self, group: str) -> list[list[Any]]:
        return [entries for name, entries in self.messages if name == group]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Groups rest until the test says otherwise."""
    monkeypatch.setattr(gathering, "REST_SECONDS", 3600.0)
    return Told()


def test_the_first_goes_at_once_and_the_rest_of_a_burst_together() -> None:
    told = Told()
    for number in range(10):
        told.gathering.soon("a", number, 10)
    assert told.messages == [("a", [0])]
    until(lambda: len(told.messages) == 2, seconds=5, what="second message")
    assert told.messages[1] == ("a", list(range(1, 10)))
    until(lambda: not told.gathering._resting, seconds=5, what="end of the rest")
    told.gathering.soon("a", 10, 10)
    assert told.of("a")[-1] == [10]


def test_groups_do_not_wait_for_each_other(told: Told) -> None:
    for group in "ab":
        told.gathering.soon(group, 1, 10)
    assert told.messages == [("a", [1]), ("b", [1])]


def test_what_is_in_a_hurry_takes_along_what_waits(told: Told) -> None:
    for number in range(3):
        told.gathering.soon("a", number, 10)
    told.gathering.now("a", "durable")
    told.gathering.now("a", "next")
    assert told.of("a") == [[0], [1, 2, "durable"], ["next"]]


def test_what_waits_has_a_bound(told: Told) -> None:
    for number in range(20):
        told.gathering.soon("a", number, gathering.WAITING_BYTES // 4)
    told.gathering.now("a", "durable")
    assert told.of("a")[1] == [1, 2, 3, 4, "durable"]
