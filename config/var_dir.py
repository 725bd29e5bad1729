"""Preparing VAR_DIR for `manage.py up`; each refusal is one sentence."""

from __future__ import annotations

import os
import socket
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import IO

from . import embedded, keyfile
from .errors import CannotStart

#: What a Unix socket's path may take on macOS, the shortest of them, with its closing zero.
SOCKET_PATH_BYTES = 104


def claim(var_dir: Path) -> IO[str]:
    """Make the directory and hold its lock for as long as the file is open."""
    import fcntl  # Windows has none, and is refused before.

    try:
        var_dir.mkdir(parents=True, exist_ok=True)
        lock = (var_dir / "up.lock").open("a")
    except OSError as error:
        raise CannotStart(f"VAR_DIR {var_dir} can not be written ({error.strerror}).") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        if not isinstance(error, BlockingIOError):
            raise _unfit(var_dir, "a lock", str(error.strerror)) from error
        raise CannotStart(
            f"Another `make up` runs on {var_dir}: stop it, or set VAR_DIR and PORT for this one."
        ) from error
    return lock


def make_secret_key(var_dir: Path) -> None:
    """Write the key once, readable by its owner alone."""
    keyfile.make(embedded.secret_key_file(var_dir))


def check_wal(var_dir: Path) -> None:
    """Refuse a file system on which SQLite can not share a write-ahead log, as NFS or /mnt/c."""
    try:
        with closing(sqlite3.connect(var_dir / "probe.sqlite3", timeout=1)) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
            connection.execute("CREATE TABLE probe (n)")
    except sqlite3.Error as error:
        mode = str(error)
    for path in var_dir.glob("probe.sqlite3*"):
        path.unlink()
    if mode != "wal":
        raise _unfit(var_dir, "SQLite's WAL file", mode)


def place_socket(var_dir: Path) -> Path:
    """Choose where Redis listens: a private folder of the system's where `var_dir` is too deep."""
    pointer = embedded.socket_pointer(var_dir)
    if not embedded.socket_path(var_dir).parent.is_dir():
        pointer.unlink(missing_ok=True)
    path = embedded.socket_path(var_dir)
    if len(os.fsencode(path)) >= SOCKET_PATH_BYTES:
        path = Path(tempfile.mkdtemp(dir=_runtime_folder())) / "redis.sock"
        pointer.write_text(str(path), encoding="utf-8")
    _check_socket(path)
    return path


def _runtime_folder() -> str | None:
    """The user's own folder for sockets; under sudo or cron it may be named but not there."""
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    return folder if os.access(folder, os.W_OK) else None


def _check_socket(path: Path) -> None:
    """Clear away what an earlier Redis left, and refuse a file system without Unix sockets."""
    path.unlink(missing_ok=True)
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(path))
    except OSError as error:
        raise _unfit(path.parent, "a Unix socket", str(error.strerror or error)) from error
    path.unlink()


def _unfit(folder: Path, what: str, why: str) -> CannotStart:
    return CannotStart(
        f"{folder} can not hold {what} ({why}): let VAR_DIR name a folder on a local disk, "
        "as in `make up VAR_DIR=$HOME/site`."
    )
