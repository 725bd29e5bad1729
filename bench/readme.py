"""Put results into the README and keep them: `python -m bench.readme var/bench`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from .stacks import ROOT

README = ROOT / "README.md"
#: What the table of the README was made from.
KEPT = ROOT / "bench/results"
START, END = "<!-- measured -->", "<!-- /measured -->"


def put(text: str, table: str) -> str:
    """The text with this table between its two marks."""
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        sys.exit(f"README.md has no {START} … {END}")
    return f"{before}{START}\n{table.strip()}\n{END}{after}"


def main(folder: Path) -> None:
    KEPT.mkdir(exist_ok=True)
    for name in ("results.json", "results.md"):
        shutil.copy(folder / name, KEPT)
    table = (KEPT / "results.md").read_text(encoding="utf-8")
    README.write_text(put(README.read_text(encoding="utf-8"), table), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "var/bench"))
