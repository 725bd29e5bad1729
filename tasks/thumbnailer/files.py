from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.core.files.storage import default_storage


def write(name: str, content: bytes) -> None:
    """Put a whole file in its place at once: a reader sees all of it or nothing."""
    path = Path(default_storage.path(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        unfinished.write_bytes(content)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
