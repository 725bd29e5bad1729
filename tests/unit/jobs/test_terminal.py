from __future__ import annotations

import io
from typing import Any

from channels_celery.jobs import terminal

RUNNING: dict[str, Any] = {
    "job": "0189",
    "channel": "c",
    "state": "running",
    "attempt": 2,
    "max_attempts": 4,
    "created": 1_700_000_000_000,
    "progress": [3, 10],
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_bar_shows_progress_and_attempt_in_one_line() -> None:
    out = Terminal()
    bar = terminal.Bar(out)
    bar.show(RUNNING)
    bar.show({**RUNNING, "state": "succeeded", "result": 1})
    first, second = out.getvalue().split("\r\x1b[K")[1:]
    assert first == f"running  [{'#' * 9}{'-' * 21}] 3/10  attempt 2 of 4"
    assert second == "succeeded  attempt 2 of 4  1\n"


def test_without_a_terminal_each_change_is_a_line() -> None:
    out = io.StringIO()
    bar = terminal.Bar(out)
    bar.show({**RUNNING, "state": "queued", "attempt": 0})
    bar.show({**RUNNING, "state": "queued", "attempt": 0})
    bar.show({**RUNNING, "state": "failed", "error": {"message": "No image."}})
    assert out.getvalue() == "queued\nfailed  attempt 2 of 4  No image.\n"


def test_progress_without_a_total_is_an_empty_bar() -> None:
    out = io.StringIO()
    terminal.Bar(out).show({**RUNNING, "progress": [3, 0]})
    assert f"[{'-' * 30}] 3/0" in out.getvalue()


def test_table_is_in_columns_and_keeps_an_error_on_its_line() -> None:
    failed = {**RUNNING, "state": "failed", "error": {"message": "two\nlines \x1b[31m"}}
    heading, first, second = terminal.table([RUNNING, failed]).splitlines()
    assert heading.index("state") == first.index("running") == second.index("failed")
    assert "2023-11-14 22:13:20" in first
    assert second.endswith("two lines \N{REPLACEMENT CHARACTER}[31m")
