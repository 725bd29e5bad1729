from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import checker
from tests.chaos.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "journal.jsonl")
    made.write("accepted", job="a", topic="t")
    event(made, "job.reply", reply={"n": 1})
    event(made, "job.retrying")
    event(made, "job.succeeded")
    yield made
    made.close()


def event(journal: Journal, type: str, job: str = "a", reply: Any = None) -> None:
    journal.write("event", topic="t", seq=1, type=type, job=job, reply=reply)


def test_good_run_is_good(journal: Journal) -> None:
    journal.write("refused", error="503")
    # Accepted, though the answer did not arrive.
    event(journal, "job.succeeded", job="b")
    found = checker.check(journal.path)
    assert (found.good, found.accepted, found.refused) == (True, 1, 1)


def test_each_breach_is_found(journal: Journal) -> None:
    journal.write("accepted", job="never", topic="t")
    event(journal, "job.succeeded", job="twice")
    event(journal, "job.failed", job="twice")
    event(journal, "job.reply", reply={"n": 1})
    journal.write("hole", frame={})
    found = checker.check(journal.path)
    assert (found.lost, found.double, found.failed) == (["never"], ["twice"], ["twice"])
    assert (found.repeated, found.holes, found.good) == (["a"], 1, False)
