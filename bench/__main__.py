from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import ExitStack
from pathlib import Path

from tests import services

from . import backlog, jitter, jobs, machine, memory, options, report, sockets, stacks, trips
from .course import Course
from .options import Options
from .rows import Row
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
    "finished": jobs.finished,
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
        course = Course(chosen, peers, _ours(chosen, folder, running))
        rows, whole = asyncio.run(measure(course))
    report.write(chosen.out, rows, here, chosen)
    sys.stdout.write(report.markdown(rows, here))
    sys.stderr.write(f"{time.monotonic() - began:.0f} s; {chosen.out}/results.md and .json\n")
    sys.exit(0 if whole else "Not every row could be measured.")


def _ours(chosen: Options, folder: Path, running: ExitStack) -> dict[str, Stack]:
    found = {}
    if "sqlite" in chosen.databases:
        database = stacks.sqlite(folder / "sqlite")
        found["SQLite"] = running.enter_context(stacks.ours(folder / "sqlite", database, "sqlite"))
    if "postgresql" in chosen.databases and services.postgresql_folder():
        database = running.enter_context(stacks.postgresql(folder / "data"))
        stack = stacks.ours(folder / "postgresql", database, "postgresql")
        found["PostgreSQL"] = running.enter_context(stack)
    return found


if __name__ == "__main__":
    main()
