"""Judges a run by the client's journal alone: no look at the database, none at a log."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from .client import OUTCOMES


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the journal says of the jobs that were accepted."""

    accepted: int
    refused: int
    #: Accepted without an outcome.
    lost: list[str]
    #: More than one outcome.
    double: list[str]
    #: An outcome that says "failed" or "cancelled": nothing here asks for that.
    failed: list[str]
    #: Places where the log could not go on from what the client had.
    holes: int
    #: Keyed replies that came more than once.
    repeated: list[str]
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        return not (self.lost or self.double or self.failed or self.holes or self.repeated)


def check(path: Path) -> Found:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    accepted = [line["job"] for line in lines if line["what"] == "accepted"]
    events = [line for line in lines if line["what"] == "event"]
    outcomes = Counter(line["job"] for line in events if line["type"] in OUTCOMES)
    replies = Counter(
        line["job"] for line in events if line["type"] == "job.reply" and "n" in line["reply"]
    )
    return Found(
        accepted=len(accepted),
        refused=sum(line["what"] == "refused" for line in lines),
        lost=[job for job in accepted if not outcomes[job]],
        double=[job for job, times in outcomes.items() if times > 1],
        failed=[line["job"] for line in events if line["type"] in OUTCOMES[1:]],
        holes=sum(line["what"] == "hole" for line in lines),
        repeated=[job for job, times in replies.items() if times > 1],
        faults=Counter(line["kind"] for line in lines if line["what"] == "fault"),
    )
