"""How the command `jobs` shows things: a table, a bar, a job."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

from .watching import ended

BAR_CHARACTERS = 30
HEADINGS = ("id", "channel", "state", "attempt", "accepted", "why")


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows below their headings, in columns; the last column is as long as it is."""
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS) - 1)]
    return "\n".join(
        "  ".join([*map(str.ljust, line[:-1], widths), line[-1]]).rstrip() for line in cells
    )


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    why = row.get("stuck") or row.get("error", {}).get("message", "")
    return (
        row["job"],
        row["channel"],
        row["state"],
        f"{row['attempt']} of {row['max_attempts']}",
        moment(row["created"]),
        " ".join(plain(why).split()),
    )


def moment(milliseconds: int | None) -> str:
    """A time of the database for people, in UTC."""
    if milliseconds is None:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def plain(text: str) -> str:
    """A stranger's text without what a terminal would obey."""
    return "".join(
        one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}" for one in text
    )


def lines(known: dict[str, Any]) -> str:
    """A job, one key a line."""
    return "\n".join(
        f"{key + ':':<18}{_line(key, value)}".rstrip()
        for key, value in known.items()
        if value not in (None, "")
    )


def _line(key: str, value: Any) -> str:
    if key in ("created", "started", "finished", "next_at", "expires", "cancel_requested"):
        return moment(value)
    return plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


class Bar:
    """Follows one job on a terminal in one line; elsewhere each change is a line of its own."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live = out.isatty()
        self._last = ""

    def show(self, known: dict[str, Any]) -> None:
        text = _status(known)
        if text != self._last:
            self._out.write(f"\r\x1b[K{text}" if self._live else f"{text}\n")
            self._last = text
        if self._live and ended(known):
            self._out.write("\n")
        self._out.flush()


def _status(known: dict[str, Any]) -> str:
    parts = [known["state"]]
    if known["state"] == "running" and "progress" in known:
        parts.append(_bar(*known["progress"]))
    if known["attempt"]:
        parts.append(f"attempt {known['attempt']} of {known['max_attempts']}")
    if known["state"] == "retrying":
        parts.append(f"next at {moment(known['next_at'])} UTC")
    if "result" in known:
        parts.append(plain(json.dumps(known["result"], ensure_ascii=False)))
    if "error" in known:
        parts.append(plain(known["error"]["message"]))
    return "  ".join(parts)


def _bar(done: float, total: float) -> str:
    share = min(1.0, max(0.0, done / total)) if total > 0 else 0.0
    full = round(share * BAR_CHARACTERS)
    return f"[{'#' * full}{'-' * (BAR_CHARACTERS - full)}] {done:g}/{total:g}"
