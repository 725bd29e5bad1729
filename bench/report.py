"""The results as a table for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .machine import Machine
from .options import Options
from .rows import OURS, Row

_HEAD = ("what", "without the library", *OURS, "to reach")


def markdown(rows: Iterable[Row], machine: Machine) -> str:
    """A table of medians; ratios stand beside them, and what was missed is said."""
    lines = [_HEAD, ("---",) * len(_HEAD)]
    for row in rows:
        goals = " and ".join(str(goal) for goal in row.goals)
        lines.append((row.what, _peers(row), *(cell(row, column) for column in OURS), goals))
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\n{machine}\n"


def cell(row: Row, column: str) -> str:
    """A median of ours with its ratios, and whether it misses a goal."""
    if column not in row.values:
        return ""
    numbers = [row.number(column, goal) for goal in row.goals if goal.against]
    ratios = ", ".join(f"{number:.2f}x" for number in numbers if number is not None)
    text = _value(row, column) + (f" ({ratios})" if ratios else "")
    return f"{text}, **missed**" if row.missed(column) else text


def data(rows: Sequence[Row], machine: Machine, options: Options) -> dict[str, Any]:
    """All values of all rounds, and where they come from."""
    chosen = {key: value for key, value in asdict(options).items() if key != "out"}
    return {
        "machine": asdict(machine),
        "options": chosen,
        "rows": [
            {
                "what": row.what,
                "unit": row.unit,
                "values": row.values,
                "medians": {column: row.median(column) for column in row.values},
                "goals": [
                    {
                        "goal": str(goal),
                        "reached": {c: row.number(c, goal) for c in OURS if c in row.values},
                    }
                    for goal in row.goals
                ],
            }
            for row in rows
        ],
    }


def write(folder: Path, rows: Sequence[Row], machine: Machine, options: Options) -> None:
    """Leave both as files."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(data(rows, machine, options), indent=2, ensure_ascii=False)
    (folder / "results.json").write_text(text + "\n", encoding="utf-8")
    (folder / "results.md").write_text(markdown(rows, machine), encoding="utf-8")


def _peers(row: Row) -> str:
    return " · ".join(
        f"{column} {_value(row, column)}" for column in row.values if column not in OURS
    )


def _value(row: Row, column: str) -> str:
    value = row.median(column)
    return f"{value:.1f} {row.unit}" if value < 100 else f"{value:,.0f} {row.unit}"
