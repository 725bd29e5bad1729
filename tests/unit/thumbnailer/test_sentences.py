from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.thumbnailer.sentences import sentence
from tasks.thumbnailer.works import Work, can_help

#: The same cases hold for the page's scripts.
CASES = json.loads((Path(__file__).parent / "scripts/sentences.json").read_text(encoding="utf-8"))
KNOWN = {"fence": 1, "attempt": 1, "max_attempts": 5, "ready": 0}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"] or case["state"])
def test_the_page_says_the_same_with_and_without_scripts(case: dict[str, Any]) -> None:
    work = Work(state=case["state"], **{**KNOWN, **case["work"]})
    assert sentence({"error": None, **case}, work, case["at"]) == case["says"]


def test_work_whose_job_is_gone_has_nothing_to_say_but_its_outcome() -> None:
    assert sentence({"state": "succeeded", "error": None}, None, 0) == ""
    assert sentence({"state": "failed", "error": {"message": "Not done."}}, None, 0) == "Not done."


@pytest.mark.parametrize(
    ("state", "code", "helps"),
    [
        ("failed", "internal", True),
        ("failed", "time_limit", True),
        ("failed", "unfinished", True),
        ("failed", "failed", False),
        ("running", "internal", False),
    ],
)
def test_trying_again_is_offered_where_it_can_help(state: str, code: str, helps: bool) -> None:
    assert can_help(state, {"code": code, "message": ""}) is helps
