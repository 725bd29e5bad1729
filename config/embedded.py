"""Where `manage.py up` keeps what it runs for itself, so that other processes find it."""

from __future__ import annotations

import secrets
from pathlib import Path

#: What a Unix socket's path may take on macOS, the shortest of them, with its closing zero.
SOCKET_PATH_BYTES = 104


def socket_path(var_dir: Path) -> Path:
    """The private Redis' socket: in `var_dir`, or where its pointer says if that is too deep."""
    pointer = socket_pointer(var_dir)
    if pointer.exists():
        return Path(pointer.read_text(encoding="utf-8"))
    return var_dir / "redis.sock"


def socket_pointer(var_dir: Path) -> Path:
    """The file that names a socket outside of `var_dir`."""
    return var_dir / "redis.path"


def secret_key(var_dir: Path) -> str:
    """The key that `up` has made; without one, a random key good for this process alone."""
    try:
        return secret_key_file(var_dir).read_text(encoding="utf-8").strip()
    except OSError:
        return secrets.token_urlsafe(50)


def secret_key_file(var_dir: Path) -> Path:
    """The file of the embedded secret key, readable by its owner alone."""
    return var_dir / "secret_key"
