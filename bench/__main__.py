from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests import services

from . import (
    backlog,
    finished,
    jitter,
    jobs,
    machine,
    memory,
    options,
    report,
    sockets,
    stacks,
    trips,
)
from .course import Course
from .options import Options
from .rows import OURS, Row
from .stacks import Stack

#: In this order: `runworker` does not outlive a burst, a backlog keeps its workers busy.
MEASURES = {
    "jobs": jobs.jobs,
    "fanout": sockets.fanout,
    "echo": sockets.echo,
    "memory": memory.memory,
    "publishes": sockets.publishes,
    "jitter": jitter.jitter,
    "burst": jobs.burst,
    "finished": finished.finished,
    "backlog": backlog.backlog,
}


async def measure(course: Course) -> tuple[list[Row], bool]:
    """The rows that were chosen, and whether all could be measured."""
    for way in [*course.single(), *course.own_ways("/answer-batch/")]:
        await trips.first(way)
    rows: list[Row] = []
    whole = True
    for name in course.options.rows:
        try:
            rows += await MEASURES[name](course)
        except (OSError, TimeoutError, subprocess.CalledProcessError):
            # One row's trouble does not take the others' numbers with it.
            traceback.print_exc()
            whole = False
    return rows, whole


def main() -> None:
    chosen, began = options.read(), time.monotonic()
    # However it ends, the servers that it started end with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="cc-") as name, ExitStack() as running:
        folder = Path(name)
        here = machine.look()
        peers = running.enter_context(stacks.peers(folder / "peers", chosen.peer_layer))
        ours = {
            column: running.enter_context(_ours(column, folder / column.lower()))
            for column in _columns(chosen)
        }
        course = Course(
            chosen, peers, ours, fresh=lambda name: _ours(name, folder / f"{name.lower()}-fresh")
        )
        rows, whole = asyncio.run(measure(course))
    report.write(chosen.out, rows, here, chosen)
    sys.stdout.write(report.markdown(rows, here))
    sys.stderr.write(f"{time.monotonic() - began:.0f} s; {chosen.out}/results.md and .json\n")
    sys.exit(0 if whole else "Not every row could be measured.")


def _columns(chosen: Options) -> list[str]:
    """Of the databases that were chosen, those that are here."""
    here = {"sqlite": True, "postgresql": bool(services.postgresql_folder())}
    return [
        column for column in OURS if column.lower() in chosen.databases and here[column.lower()]
    ]


@contextmanager
def _ours(column: str, folder: Path) -> Iterator[Stack]:
    """The library on a database of its own."""
    with ExitStack() as running:
        if column == "PostgreSQL":
            data = folder.with_name(f"{folder.name}-data")
            database = running.enter_context(stacks.postgresql(data))
        else:
            database = stacks.sqlite(folder)
        yield running.enter_context(stacks.ours(folder, database, column.lower()))


if __name__ == "__main__":
    main()
