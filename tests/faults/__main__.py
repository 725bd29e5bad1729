"""Run the matrix, or with --short its quick rows on SQLite; names of rows choose among them."""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests import services

from . import broker, garbage, log, network, servers, slow
from .database import Database, Postgresql, Sqlite
from .rows import BOTH, ROWS, Row
from .scene import Found
from .site import Site, migrated

#: Imported for the rows that they add.
CHAPTERS = (network, log, broker, servers, slow, garbage)
ROW_SECONDS = 120.0


async def _run(row: Row, site: Site) -> bool:
    found, began = Found(), time.monotonic()
    try:
        async with asyncio.timeout(ROW_SECONDS):
            await row.run(site, found)
    except Exception as error:  # noqa: BLE001 - the other rows still have something to say
        found.say(f"{type(error).__name__}: {error}", good=False)
    head = f"{'ok  ' if found.good else 'MISS'} {site.database.name}: {row.name}"
    text = "; ".join(found.texts)
    sys.stdout.write(f"{head} ({time.monotonic() - began:.0f} s)\n       {text}\n")
    sys.stdout.flush()
    return found.good


async def _matrix(rows: list[Row], database: Database, folder: Path) -> bool:
    # However it ends, the servers that it started end with it.
    this = asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    site = await migrated(folder, database)
    try:
        beside = await asyncio.gather(*(_run(row, site) for row in rows if not row.alone))
        alone = [await _run(row, site) for row in rows if row.alone]
    finally:
        await site.end()
    return all((*beside, *alone))


def _chosen() -> tuple[list[Row], list[str]]:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--databases", nargs="+", choices=BOTH)
    parser.add_argument("rows", nargs="*", help="parts of names of rows")
    given = parser.parse_args()
    rows = [row for row in ROWS if row.short or not given.short]
    if given.rows:
        rows = [row for row in rows if any(part in row.name for part in given.rows)]
    return rows, given.databases or (["sqlite"] if given.short else list(BOTH))


def main() -> int:
    rows, names = _chosen()
    if services.redis_program() is None or services.postgresql_folder() is None:
        sys.exit("make faults needs PostgreSQL and Redis: make system")
    random.seed(seed := random.randrange(10_000))
    began, kept = time.monotonic(), True
    for name in names:
        some = [row for row in rows if name in row.databases]
        if not some:
            continue
        folder = Path(tempfile.mkdtemp(prefix=f"faults-{name}-"))
        sys.stdout.write(f"{name}: seed {seed}, journals and logs in {folder}\n")
        database = Sqlite(folder) if name == "sqlite" else Postgresql(folder)
        if asyncio.run(_matrix(some, database, folder)):
            shutil.rmtree(folder)
        else:
            kept = False
    sys.stdout.write(f"{time.monotonic() - began:.0f} s\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
