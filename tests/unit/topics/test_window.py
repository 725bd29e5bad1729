from __future__ import annotations

from channels_celery.topics.window import (
    FIRST_BYTES,
    LARGEST_BYTES,
    PATIENCE_SECONDS,
    SCRAP_BYTES,
    Window,
)


def proven(window: Window, seconds: float, *, size: int | None = None) -> None:
    """So much is written, and its pong comes after so long."""
    window.sent(window.size // 2 if size is None else size)
    window.pong(window.ping(0.0), seconds)


def test_a_reader_that_proves_nothing_gets_no_more_than_the_window() -> None:
    window = Window()
    window.sent(FIRST_BYTES - 10)
    assert window.fits(10)
    assert not window.fits(11)
    assert window.free == 10


def test_a_frame_larger_than_the_window_goes_when_next_to_nothing_is_on_its_way() -> None:
    window = Window()
    window.sent(SCRAP_BYTES)
    assert window.fits(40_000)
    window.sent(1)
    assert not window.fits(40_000)


def test_a_pong_proves_what_was_written_before_its_ping_only() -> None:
    window = Window()
    window.sent(100)
    first = window.ping(0.0)
    window.sent(200)
    second = window.ping(0.0)
    window.sent(300)
    window.pong(first, 0.1)
    assert window.unproven == 500
    window.pong(second, 0.1)
    assert window.unproven == 300


def test_a_later_pong_proves_for_the_earlier_ones() -> None:
    window = Window()
    window.ping(0.0)
    window.sent(100)
    window.pong(window.ping(0.0), 0.1)
    assert window.unproven == 0
    assert not window.waiting


def test_a_pong_that_no_ping_waits_for_proves_nothing() -> None:
    window = Window()
    window.sent(100)
    number = window.ping(0.0)
    window.pong(number + 1, 0.1)
    assert window.unproven == 100
    window.pong(number, 0.1)
    window.sent(100)
    window.pong(number, 0.1)
    assert window.unproven == 100


def test_a_pong_can_not_be_guessed() -> None:
    window = Window()
    window.sent(FIRST_BYTES)
    first = window.ping(0.0)
    for number in (*range(10_000), first + 1, first - 1):
        window.pong(number if number != first else -1, 0.1)
    assert window.unproven == FIRST_BYTES
    assert len({window.ping(0.0) for _ in range(100)}) == 100


def test_a_fast_reader_is_allowed_more_up_to_a_bound() -> None:
    window = Window()
    sizes = []
    for _ in range(6):
        proven(window, 0.5)
        sizes.append(window.size)
    assert sizes[:2] == [FIRST_BYTES * 2, FIRST_BYTES * 4]
    assert sizes[-1] == LARGEST_BYTES


def test_quick_answers_of_an_idle_reader_widen_nothing() -> None:
    window = Window()
    for _ in range(20):
        proven(window, 0.001, size=10)
    assert window.size == FIRST_BYTES


def test_a_slow_reader_is_allowed_less_again() -> None:
    window = Window()
    proven(window, 0.5)
    proven(window, 0.5)
    proven(window, 6.0)
    assert window.size == FIRST_BYTES * 2
    for _ in range(3):
        proven(window, 6.0)
    assert window.size == FIRST_BYTES


def test_half_a_window_without_a_ping_asks_for_one() -> None:
    window = Window()
    window.sent(FIRST_BYTES // 2 - 1)
    assert not window.half_full
    window.sent(1)
    assert window.half_full
    window.ping(0.0)
    assert not window.half_full


def test_the_oldest_unanswered_ping_decides_when_a_reader_is_given_up() -> None:
    window = Window()
    window.ping(0.0)
    second = window.ping(20.0)
    assert not window.overdue(PATIENCE_SECONDS)
    assert window.overdue(PATIENCE_SECONDS + 0.1)
    window.pong(second, 30.0)
    assert not window.overdue(1000.0)
