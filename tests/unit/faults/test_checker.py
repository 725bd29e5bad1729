"""The checker of `make faults` finds what is wrong, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.checker import Life, check

LOG = Life({1: "a", 2: "b", 3: "c", 4: "d"})


def begun(seq: int = 0) -> dict[str, Any]:
    return {"what": "begun", "seq": seq, "reason": ""}


def gap(seq: int, reason: str = "trimmed") -> dict[str, Any]:
    return {"what": "gap", "seq": seq, "reason": reason}


def heard(mids: str) -> list[dict[str, Any]]:
    return [{"what": "event", "mid": mid} for mid in mids]


@pytest.mark.parametrize(
    ("start", "mids"), [(0, "abcd"), (2, "cd"), (4, "")], ids=["all", "from 2", "from the top"]
)
def test_a_sequence_that_equals_the_log_is_good(start: int, mids: str) -> None:
    assert check([begun(start), *heard(mids)], [LOG]).good


def test_a_gap_and_then_equality_is_good_and_told() -> None:
    verdict = check([begun(), *heard("a"), gap(3), *heard("d")], [LOG])
    assert verdict.good
    assert verdict.gaps == ["trimmed"]


@pytest.mark.parametrize("mids", ["abd", "abc", ""], ids=["within", "the last", "all"])
def test_a_lost_event_is_reported(mids: str) -> None:
    assert set(check([begun(), *heard(mids)], [LOG]).lost) == set("abcd") - set(mids)


def test_a_gap_excuses_nothing_that_comes_after_it() -> None:
    assert check([begun(), *heard("a"), gap(2), *heard("d")], [LOG]).lost == ["c"]


def test_an_event_that_is_handed_on_twice_is_reported() -> None:
    assert check([begun(), *heard("abbcd")], [LOG]).doubled == ["b"]


def test_an_event_that_was_rolled_back_is_reported() -> None:
    assert check([begun(), *heard("abxcd")], [LOG]).phantom == ["x"]


def test_another_order_is_reported() -> None:
    verdict = check([begun(), *heard("acbd")], [LOG])
    assert (verdict.lost, verdict.good) == ([], False)


def test_a_frame_that_the_client_had_to_drop_is_reported() -> None:
    dropped = {"what": "disorder", "text": "2 came after 3"}
    assert not check([begun(), *heard("abcd"), dropped], [LOG]).good


def test_a_restored_log_needs_a_gap() -> None:
    restored = Life({1: "a", 2: "b", 3: "x", 4: "y"})
    told = [begun(), *heard("abcd"), gap(3, "rolled_back"), *heard("y")]
    silent = [begun(), *heard("abc"), *heard("y")]
    assert check(told, [LOG, restored]).good
    assert not check(silent, [LOG, restored]).good


def test_before_a_gap_the_order_counts_as_well() -> None:
    assert not check([begun(), *heard("ba"), gap(3), *heard("d")], [LOG]).good


def test_who_never_began_has_lost_everything() -> None:
    assert check([], [LOG]).lost == list("abcd")
