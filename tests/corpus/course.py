from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import IO

from tasks.thumbnailer.pipeline.steps import Made
from tasks.thumbnailer.pipeline.unfit import Unfit
from tasks.thumbnailer.sandbox import client
from tasks.thumbnailer.sandbox.troubles import Trouble

#: A decoder that has said its last word is gone in milliseconds.
ENDS_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one file: its thumbnails, or why there are none."""

    name: str
    verdict: str
    milliseconds: float
    thumbnails: int = 0


@dataclass(slots=True)
class Course:
    """A run over many files in one process, and what it has left behind."""

    judged: list[Judged] = field(default_factory=list)
    #: Of this process and the sandbox's server, before the first and after the last file.
    memory_bytes: tuple[int, int] = (0, 0)
    children_left: int = 0

    @property
    def grown_bytes(self) -> int:
        before, after = self.memory_bytes
        return after - before

    @property
    def verdicts(self) -> Counter[str]:
        return Counter(one.verdict for one in self.judged)

    @property
    def troubles(self) -> list[Judged]:
        """What must not happen, whatever the files are."""
        return [one for one in self.judged if one.verdict in ("Trouble", "Crashed", "ServerGone")]

    def summary(self) -> str:
        times = sorted(one.milliseconds for one in self.judged) or [0.0]
        verdicts = ", ".join(f"{count} {verdict}" for verdict, count in self.verdicts.most_common())
        return (
            f"{len(self.judged)} files: {verdicts}. Median {median(times):.0f} ms, longest"
            f" {times[-1]:.0f} ms. Memory grew by {self.grown_bytes / 1e6:.1f} MB;"
            f" {self.children_left} decodes left."
        )


def files_of(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def run(files: Iterable[Path]) -> Course:
    """Make the thumbnails of each file, one after the other."""
    course = Course()
    server = client.current().pid
    before = 0
    for path in files:
        with path.open("rb") as file:
            course.judged.append(judge(path.name, file))
        # The first decode allocates what every later one uses again.
        before = before or _memory(server)
    course.memory_bytes = (before, _memory(server))
    course.children_left = _children_left(server)
    return course


def _children_left(server: int) -> int:
    """Those that decode; one waits for the next image."""
    place = Path(f"/proc/{server}/task/{server}/children")
    deadline = time.monotonic() + ENDS_SECONDS
    while (left := len(place.read_text(encoding="ascii").split()) - 1) > 0:
        if time.monotonic() > deadline:
            return left
        time.sleep(0.01)
    return 0


def judge(name: str, file: IO[bytes]) -> Judged:
    began = time.monotonic()
    made = 0
    try:
        made = sum(isinstance(step, Made) for step in client.thumbnails(file))
        verdict = "made"
    except Unfit as unfit:
        verdict = str(unfit.fault)
    except Trouble as trouble:
        verdict = type(trouble).__name__
    return Judged(name, verdict, 1_000 * (time.monotonic() - began), made)


def _memory(server: int) -> int:
    page = os.sysconf("SC_PAGE_SIZE")
    places = [Path(f"/proc/{pid}/statm") for pid in ("self", server)]
    return page * sum(int(place.read_text(encoding="ascii").split()[1]) for place in places)
