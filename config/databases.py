from __future__ import annotations

from pathlib import Path
from typing import Any

import dj_database_url

from .environment import Environment

_SQLITE = "django.db.backends.sqlite3"
_POSTGRESQL = "django.db.backends.postgresql"

#: WAL lets readers and the writer work at once; IMMEDIATE waits for the lock instead of failing
#: half-way; FULL keeps what was committed through a power cut.
_SQLITE_OPTIONS = {
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
}


#: A server that is gone is noticed in seconds, not by the system's own bound of two hours.
_POSTGRESQL_OPTIONS = {
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
#: How long a request waits for a connection of the pool before it fails.
POOL_WAIT_SECONDS = 10


def default(env: Environment, var_dir: Path) -> dict[str, Any]:
    """Django's settings of the database that DATABASE_URL names, else of the embedded SQLite."""
    database: dict[str, Any] = {"ENGINE": _SQLITE, "NAME": var_dir / "db.sqlite3"}
    if url := env.text("DATABASE_URL"):
        try:
            database = _of(url)
        except ValueError:
            # Its text is left out: the address may hold a password.
            hint = "Write postgresql://user:password@host:5432/name; escape odd characters by %."
            text = "DATABASE_URL is no address of a PostgreSQL or SQLite database."
            env.note("config.E002", text, hint)
    if database["ENGINE"] == _SQLITE:
        database["OPTIONS"] = dict(_SQLITE_OPTIONS)
    elif database["ENGINE"] == _POSTGRESQL:
        database["OPTIONS"] = {**_POSTGRESQL_OPTIONS, **database.get("OPTIONS", {}), **_pool(env)}
    return database


def _of(url: str) -> dict[str, Any]:
    database = dict(dj_database_url.parse(url))
    if database["ENGINE"] not in (_SQLITE, _POSTGRESQL) or not database["NAME"]:
        raise ValueError(url)
    return database


def _pool(env: Environment) -> dict[str, Any]:
    """Under ASGI each request has a thread and a connection of its own: pooled, they are bounded
    and need not be made anew. Not for Celery, whose children are forked."""
    if not (size := env.number("DATABASE_POOL", 0, low=0, high=100)):
        return {}
    return {"pool": {"min_size": 1, "max_size": size, "timeout": POOL_WAIT_SECONDS}}
