"""What `manage.py up` keeps under VAR_DIR, as every process of the site finds it."""

from __future__ import annotations

import secrets
from pathlib import Path


def secret_key(var_dir: Path) -> str:
    """The key that `up` has made; without one, a random key good for this process alone."""
    try:
        return secret_key_file(var_dir).read_text(encoding="utf-8")
    except OSError:
        return secrets.token_urlsafe(50)


def secret_key_file(var_dir: Path) -> Path:
    """Where the key is kept, for its owner alone."""
    return var_dir / "secret_key"


def socket_path(var_dir: Path) -> Path:
    """The private Redis' socket: in `var_dir`, or where its pointer says if that is too deep."""
    try:
        return Path(socket_pointer(var_dir).read_text(encoding="utf-8"))
    except OSError:
        return var_dir / "redis.sock"


def socket_pointer(var_dir: Path) -> Path:
    """The file that names a socket outside of `var_dir`."""
    return var_dir / "redis.path"
