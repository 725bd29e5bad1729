"""What `manage.py up` keeps under VAR_DIR for itself, so that other processes find it."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

#: What a Unix socket's path may take on macOS, the shortest of them, with its closing zero.
SOCKET_PATH_BYTES = 104


def secret_key(var_dir: Path) -> str:
    """The key that `up` has made; without one, a random key good for this process alone."""
    try:
        return _secret_key_file(var_dir).read_text(encoding="utf-8")
    except OSError:
        return secrets.token_urlsafe(50)


def make_secret_key(var_dir: Path) -> None:
    """Write the key once, readable by its owner alone."""
    file = _secret_key_file(var_dir)
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(50), encoding="utf-8")


def socket_path(var_dir: Path) -> Path:
    """The private Redis' socket: in `var_dir`, or where its pointer says if that is too deep."""
    pointer = _socket_pointer(var_dir)
    if pointer.exists():
        return Path(pointer.read_text(encoding="utf-8"))
    return var_dir / "redis.sock"


def place_socket(var_dir: Path) -> Path:
    """Choose `socket_path`: a private folder of the system's where `var_dir` is too deep."""
    pointer = _socket_pointer(var_dir)
    if pointer.exists() and not socket_path(var_dir).parent.is_dir():
        pointer.unlink()
    path = socket_path(var_dir)
    if len(os.fsencode(path)) >= SOCKET_PATH_BYTES:
        path = Path(tempfile.mkdtemp(dir=os.environ.get("XDG_RUNTIME_DIR"))) / "redis.sock"
        pointer.write_text(str(path), encoding="utf-8")
    return path


def _secret_key_file(var_dir: Path) -> Path:
    return var_dir / "secret_key"


def _socket_pointer(var_dir: Path) -> Path:
    return var_dir / "redis.path"
