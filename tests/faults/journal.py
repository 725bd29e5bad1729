from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

Line = dict[str, Any]


class Journal:
    """What clients have seen, one JSON object a line, in the order in which each saw it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("a", encoding="utf-8")

    def write(self, client: str, what: str, **more: Any) -> None:
        line = {"client": client, "at": time.time(), "what": what, **more}
        self._file.write(json.dumps(line) + "\n")

    def close(self) -> None:
        self._file.close()

    def by_client(self) -> dict[str, list[Line]]:
        """Everything written so far."""
        self._file.flush()
        found: dict[str, list[Line]] = {}
        with self._path.open(encoding="utf-8") as lines:
            for line in map(json.loads, lines):
                found.setdefault(line["client"], []).append(line)
        return found
