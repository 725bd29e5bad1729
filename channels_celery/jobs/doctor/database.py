from __future__ import annotations

import time
from collections.abc import Iterator

from django.core.checks import CheckMessage, Error, Warning
from django.db import DatabaseError, InterfaceError, connections
from django.db.migrations.executor import MigrationExecutor

from channels_celery import clock, database, settings
from channels_celery.checks import check_database_version
from channels_celery.database import Session

#: A clock that is further off makes `eta`, `expires` and the times on pages wrong.
CLOCK_SECONDS = 5.0


def examine() -> Iterator[CheckMessage]:
    """The ledger's database: answers, is migrated, is the one that is written."""
    alias = settings.current().DATABASE
    try:
        yield from check_database_version(None, databases=[alias])
        yield from _migrated(alias)
        with database.session() as session:
            yield from _vendor(session, alias)
            yield from _clock(session, alias)
    except (DatabaseError, InterfaceError) as error:
        yield Error(
            f"The database {alias!r} does not answer: {error}".strip(),
            hint="Start it, or mend DATABASES. Until then `send` refuses and workers wait.",
            id="channels_celery.E040",
        )


def _migrated(alias: str) -> Iterator[CheckMessage]:
    executor = MigrationExecutor(connections[alias])
    targets = [key for key in executor.loader.graph.leaf_nodes() if key[0] == "channels_celery"]
    missing = [migration.name for migration, _ in executor.migration_plan(targets)]
    if missing:
        yield Error(
            f"The database {alias!r} lacks the migrations {', '.join(missing)}.",
            hint=f"Run `manage.py migrate --database {alias}`.",
            id="channels_celery.E041",
        )


def _vendor(session: Session, alias: str) -> Iterator[CheckMessage]:
    if session.vendor == "postgresql":
        ((replica,),) = session.rows("SELECT pg_is_in_recovery()", {})
        if replica:
            yield Error(
                f"The database {alias!r} is a replica: nothing can be accepted there.",
                hint=f"Name the primary in {settings.NAME}['DATABASE'].",
                id="channels_celery.E042",
            )
        return
    ((mode,),) = session.rows("PRAGMA journal_mode", {})
    if str(mode).lower() not in ("wal", "memory"):
        yield Warning(
            f"The SQLite database {alias!r} is in journal mode {mode}: readers and writers wait"
            " for each other.",
            hint=f'Set DATABASES[{alias!r}]["OPTIONS"] to {{"transaction_mode": "IMMEDIATE",'
            ' "timeout": 20, "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"}.',
            id="channels_celery.W043",
        )


def _clock(session: Session, alias: str) -> Iterator[CheckMessage]:
    ((there,),) = session.rows(f"SELECT {clock.now(session.vendor)}", {})
    off = abs(int(there) / 1000 - time.time())
    if off > CLOCK_SECONDS:
        yield Warning(
            f"The clock of the database {alias!r} is {off:.0f} s away from this machine's.",
            hint="Keep both by NTP: `eta` and `expires` as datetimes are off by as much.",
            id="channels_celery.W044",
        )
