from __future__ import annotations

from pathlib import Path
from typing import Any

import dj_database_url

from .environment import Environment

_SQLITE = "django.db.backends.sqlite3"

#: WAL lets readers and the writer work at once; IMMEDIATE waits for the lock instead of failing
#: half-way; FULL keeps what was committed through a power cut.
_SQLITE_OPTIONS = {
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
}


def default(env: Environment, var_dir: Path) -> dict[str, Any]:
    """Django's settings of the database that DATABASE_URL names, else of the embedded SQLite."""
    database: dict[str, Any] = {"ENGINE": _SQLITE, "NAME": var_dir / "db.sqlite3"}
    if url := env.text("DATABASE_URL"):
        try:
            database = dict(dj_database_url.parse(url))
        except ValueError:
            # Its text is left out: the address may hold a password.
            hint = "Write postgresql://user:password@host:5432/name; escape odd characters by %."
            env.note("config.E002", "DATABASE_URL is no address of a database.", hint)
    if database["ENGINE"] == _SQLITE:
        database["OPTIONS"] = dict(_SQLITE_OPTIONS)
    return database
