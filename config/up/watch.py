from __future__ import annotations

from itertools import chain
from pathlib import Path


def state(folder: Path, packages: tuple[str, ...]) -> dict[Path, int]:
    """When each module and template was last written: two states differ when code has changed."""
    files = (
        path
        for package in packages
        for path in chain((folder / package).rglob("*.py"), (folder / package).rglob("*.html"))
    )
    # An editor may replace a file between its listing and here.
    return {path: path.stat().st_mtime_ns for path in files if path.exists()}
