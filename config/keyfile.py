"""The secret key in a file: `python -m config.keyfile` makes the one that SECRET_KEY_FILE names."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path


def make(file: Path) -> None:
    """Write a key once, whole and for its owner alone; one that is there is kept."""
    if file.exists():
        return
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        unfinished.touch(mode=0o600)
        unfinished.write_text(secrets.token_urlsafe(50), encoding="utf-8")
        os.replace(unfinished, file)
    finally:
        unfinished.unlink(missing_ok=True)


def main() -> None:
    name = os.environ.get("SECRET_KEY_FILE", "")
    if not name:
        sys.exit("SECRET_KEY_FILE is not set. Name the file that shall hold the secret key.")
    try:
        make(Path(name))
    except OSError as error:
        sys.exit(f"SECRET_KEY_FILE can not be made: {error.strerror} ({name}).")


if __name__ == "__main__":
    main()
