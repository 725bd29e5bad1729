"""The Celery task that one writes by hand, with `Image.thumbnail`; it tells nobody."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from celery import Celery
from PIL import Image

NAME = "hand-written task"
SIZES = (320, 160, 640, 1280)
WAIT_SECONDS = 600.0

app = Celery("bench.images.glue", broker=os.environ.get("BENCH_REDIS_URL", ""))
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=1)


@app.task(name="make")
def make(photo: str, folder: str, number: int) -> None:
    for size in SIZES:
        with Image.open(photo) as picture:
            picture.thumbnail((size, size))
            picture.save(Path(folder) / f"{number}-{size}.webp", "WEBP", quality=80, method=2)
    (Path(folder) / f"{number}.done").touch()


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts rows of a SQLite database that somebody else writes."""

    database: Path
    statement: str

    def seconds_until(self, count: int) -> float:
        def now() -> int:
            with closing(sqlite3.connect(self.database, timeout=10)) as connection:
                return int(connection.execute(self.statement).fetchone()[0])

        return seconds_until(now, count)


def seconds_until(now: Callable[[], int], count: int) -> float:
    """From the first that is done, whatever a start takes, until all are."""
    end = time.monotonic() + WAIT_SECONDS
    first = 0.0
    while (done := now()) < count:
        if done and not first:
            first = time.monotonic()
        if time.monotonic() > end:
            raise TimeoutError(f"{done} of {count} were done in time")
        time.sleep(0.05)
    return time.monotonic() - first


if __name__ == "__main__":
    for number in range(int(sys.argv[3])):
        make.delay(sys.argv[1], sys.argv[2], number)
