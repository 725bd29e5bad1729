from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache, caches

from config import redis_urls
from realtime.pace import Pace, told

PACE = Pace("things of a person", times=2, seconds=60)


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the clock: seconds since 1970."""
    cache.clear()

    def turn(now: float) -> None:
        monkeypatch.setattr("realtime.pace.time", lambda: now)

    turn(600_015.5)
    return turn


def test_one_too_many_waits_until_the_window_ends(at: Any) -> None:
    assert [PACE.take("ann") for _ in range(4)] == [0, 0, 45, 45]
    assert PACE.take("bob") == 0
    assert Pace("others", times=2, seconds=60).take("ann") == 0
    at(600_060.0)
    assert PACE.take("ann") == 0


def test_what_is_given_back_does_not_count() -> None:
    for _ in range(5):
        assert PACE.take("ann") == 0
        PACE.give_back("ann")


def test_nobody_is_not_counted() -> None:
    assert [PACE.take("") for _ in range(4)] == [0] * 4


@pytest.mark.parametrize("who", ["a" * 5000, "a b\n\x00", "\ud800"])
def test_whatever_somebody_is_called_they_are_counted(who: str) -> None:
    assert [bool(PACE.take(who)) for _ in range(3)] == [False, False, True]


def test_processes_count_together(settings: Any, redis_url: str) -> None:
    settings.CACHES = {"default": redis_urls.cache(redis_url)}
    cache.clear()
    # A connection of its own, as another process has.
    assert [PACE.take("ann"), _elsewhere(), PACE.take("ann")] == [0, 0, 45]
    PACE.give_back("ann")


def _elsewhere() -> int:
    del caches["default"]
    return PACE.take("ann")


def test_everybody_may_go_on_while_redis_is_away(settings: Any) -> None:
    settings.CACHES = {"default": redis_urls.cache("unix:///nowhere/redis.sock")}
    assert [PACE.take("ann") for _ in range(4)] == [0] * 4
    PACE.give_back("ann")


def test_a_wait_is_told_in_words() -> None:
    assert [told(seconds) for seconds in (1, 119, 120, 121)] == ["1 s", "119 s", "2 min", "3 min"]
