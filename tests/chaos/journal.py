from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any


class Journal:
    """What a client outside has seen, one JSON object a line, in the order in which it saw it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Condition()
        self._seen: list[dict[str, Any]] = []

    def close(self) -> None:
        self._file.close()

    def write(self, what: str, **more: Any) -> None:
        line = {"at": time.time(), "what": what, **more}
        with self._lock:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
            self._seen.append(line)
            self._lock.notify_all()

    def wait_for(self, seconds: float, **wanted: Any) -> dict[str, Any]:
        """The first line with these values, also one that comes within so many seconds."""
        deadline = time.monotonic() + seconds
        looked = 0
        while True:
            with self._lock:
                self._lock.wait_for(lambda: len(self._seen) > looked, timeout=1.0)  # noqa: B023
                new, looked = self._seen[looked:], len(self._seen)
            for line in new:
                if all(line.get(key) == value for key, value in wanted.items()):
                    return line
            if time.monotonic() > deadline:
                raise TimeoutError(f"within {seconds:g} s the client saw nothing with {wanted}")
