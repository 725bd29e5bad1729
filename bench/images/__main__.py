from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench import machine
from bench.rows import Row

from . import decoding, live, photos

COLUMNS = ("naive Pillow", "pyvips", "sharp", "hand-written task", "ours")


def table(rows: list[Row]) -> str:
    """Medians; ours with its ratio where that is what is to be reached."""
    head = ("what", *COLUMNS, "to reach")
    lines = [head, ("---",) * len(head)]
    for row in rows:
        goals = " and ".join(map(str, row.goals))
        lines.append((row.what, *(_cell(row, column) for column in COLUMNS), goals))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(row: Row, column: str) -> str:
    if column not in row.values:
        return ""
    text = f"{row.median(column):.1f} {row.unit}"
    if column != "ours":
        return text
    ratios = [row.number(column, goal) for goal in row.goals if goal.against]
    text += "".join(f" ({ratio:.2f}x)" for ratio in ratios if ratio is not None)
    return f"{text}, **missed**" if row.missed(column) else text


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-images")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--photos", type=int, default=200, help="in the queue")
    parser.add_argument("--uploads", type=int, default=15, help="watched in a browser")
    parser.add_argument("--only", choices=("decoding", "live"))
    chosen = parser.parse_args()
    here = machine.look()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="cc-") as name:
        places = photos.write(Path(name))
        if chosen.only != "live":
            rows += [*decoding.rows(places, chosen.rounds)]
            rows.append(decoding.isolation(places, chosen.rounds))
        if chosen.only != "decoding":
            rows += live.rows(places["12 MP JPEG"], Path(name), chosen.uploads, chosen.photos)
    sys.stdout.write(f"{table(rows)}\n\n{here}\n")


if __name__ == "__main__":
    main()
