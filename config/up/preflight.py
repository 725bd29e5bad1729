"""What must hold before anything starts; each refusal is one sentence."""

from __future__ import annotations

import socket
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import IO

from channels_celery.errors import ChannelsCeleryError


class CannotStart(ChannelsCeleryError):
    """The site can not be started here."""


def check_platform() -> None:
    """Refuse Windows itself: it has no fork and no Unix sockets."""
    if sys.platform == "win32":
        raise CannotStart("Windows itself can not run this: use WSL 2, cloned to its Linux disk.")


def claim(var_dir: Path) -> IO[str]:
    """Make the directory and hold its lock for as long as the file is open."""
    import fcntl

    try:
        var_dir.mkdir(parents=True, exist_ok=True)
        lock = (var_dir / "up.lock").open("a")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        text = (
            f"Another `make up` runs on {var_dir}: stop it, or set VAR_DIR and PORT for this one."
        )
        raise CannotStart(text) from error
    except OSError as error:
        raise CannotStart(f"VAR_DIR {var_dir} can not be written ({error.strerror}).") from error
    return lock


def check_port(host: str, port: int) -> None:
    """Refuse an address on which Daphne could not listen."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise CannotStart(
            f"{host}:{port} can not be listened on ({error.strerror}): stop what uses it, "
            f"or choose another, as in `make up PORT={port + 1}`."
        ) from error


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


def check_socket(path: Path) -> None:
    """Refuse a file system without Unix sockets; clear away what an earlier Redis left."""
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
