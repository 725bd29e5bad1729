"""Processor time and memory of one thumbnail, one thread each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import IO

from bench.rows import Goal, Row
from tasks.thumbnailer.pipeline.making import make
from tasks.thumbnailer.sandbox import client, starting

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FILES = {"24 MP JPEG": (1.1, 10.0), "12 MP PNG": (1.5, None), "12 MP WebP": (1.5, None)}
CONTESTANTS = ("naive Pillow", "pyvips", "sharp", "ours")
ISOLATED = 60


def rows(places: dict[str, Path], rounds: int) -> list[Row]:
    """For each file two rows: time beside pyvips', and memory over idle."""
    made = []
    for name, (ratio, megabytes) in FILES.items():
        cpu = Row(what=f"{name} → 320 px, processor time", unit="ms", goals=(_times(ratio),))
        most = () if megabytes is None else (Goal(at_most=megabytes),)
        memory = Row(what=f"{name} → 320 px, memory over idle", unit="MB", goals=most)
        for _ in range(rounds):
            for contestant in CONTESTANTS:
                if measured := _run(contestant, places[name], places["small JPEG"]):
                    cpu.add(contestant, measured["cpu_ms"])
                    memory.add(contestant, measured["over_idle_mb"])
        made += [cpu, memory]
    return made


def isolation(places: dict[str, Path], rounds: int) -> Row:
    """What a process of its own adds to an image, by the clock."""
    row = Row(what="isolation of one image", unit="ms", goals=(Goal(at_most=5),))
    client.current()
    for _ in range(rounds):
        row.add("ours", _each(client.thumbnails, places) - _each(make, places))
    client.stop()
    return row


def _each(thumbnails: Callable[[IO[bytes]], Iterator[object]], places: dict[str, Path]) -> float:
    times = []
    for _ in range(ISOLATED):
        with places["small JPEG"].open("rb") as file:
            began = time.perf_counter()
            list(thumbnails(file))
            times.append(1_000 * (time.perf_counter() - began))
    return median(times)


def _times(ratio: float) -> Goal:
    return Goal(against="pyvips", at_most=ratio)


def _run(contestant: str, file: Path, small: Path) -> dict[str, float] | None:
    """None: it is not installed here."""
    if contestant == "sharp":
        if not (HERE / "sharp/node_modules").is_dir():
            return None
        command = [shutil.which("node") or "node", str(HERE / "sharp/resize.mjs")]
    else:
        command = [sys.executable, "-m", "bench.images.one", contestant]
    # Large pages for all: what ours has in its sandbox changes pyvips' time by no percent.
    environment = {**os.environ, **starting.MEMORY, "VIPS_CONCURRENCY": "1"}
    done = subprocess.run(
        [*command, str(file), str(small)],
        cwd=ROOT, env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found
