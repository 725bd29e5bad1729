"""Run it: the short form, or with CHAOS=long ten thousand jobs, a backlog and default leases.

On PostgreSQL all of it; on SQLite, which no fault can cut or restart, a mix of fewer jobs.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests import services

from . import backlog
from .client import Follower
from .faults import Faults
from .journal import Journal
from .mix import TOPICS, Mix, wait_for_outcomes
from .single import TOPIC, Single
from .site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How large a run is, and its bars. A shorter lease makes each fault of the mix quicker."""

    jobs: int
    sqlite_jobs: int
    a_second: float
    settings: dict[str, float] = field(default_factory=dict)
    #: From a killed worker to the outcome: the lease, the reconciler's next look, the job.
    worker_seconds: float
    stop_seconds: float
    backlog: bool


SHORT = Form(
    jobs=500,
    sqlite_jobs=300,
    a_second=30.0,
    settings={"LEASE_SECONDS": 4.0, "HEARTBEAT_SECONDS": 1.0},
    worker_seconds=9.0,
    stop_seconds=5.5,
    backlog=False,
)
LONG = Form(
    jobs=10_000,
    sqlite_jobs=2_000,
    a_second=60.0,
    worker_seconds=30.0,
    stop_seconds=27.0,
    backlog=True,
)
CHILD_SECONDS = 2.0
BROKER_SECONDS = 10.0
#: A job counts as lost when no other one has ended for so long either: a lease, then a hint.
STILL_SECONDS = 45.0
MOST_MESSAGES = 20_400


class Report:
    """Lines on the terminal; `kept` says whether every bar was."""

    def __init__(self) -> None:
        self.kept = True

    def line(self, text: str, *, good: bool = True) -> None:
        self.kept = self.kept and good
        sys.stdout.write(f"{'ok  ' if good else 'MISS'} {text}\n")
        sys.stdout.flush()


def run(site: Site, form: Form, report: Report, seed: int) -> None:
    journal, chance = Journal(site.folder / "journal.jsonl"), random.Random(seed)
    follower = Follower(site.url, journal, [*TOPICS, TOPIC])
    if site.server:
        _one_at_a_time(Single(site, journal), form, report)
    faults = Faults(site, chance, stop_seconds=form.stop_seconds)
    begun = time.monotonic()
    jobs = form.jobs if site.server else form.sqlite_jobs
    Mix(site.url, journal, faults, chance).run(jobs, a_second=form.a_second)
    sent = time.monotonic()
    found = wait_for_outcomes(journal, STILL_SECONDS)
    follower.end()
    kinds = ", ".join(f"{times} {kind}" for kind, times in found.faults.items())
    report.line(f"{found.accepted} jobs accepted in {sent - begun:.0f} s under: {kinds}")
    report.line(f"last outcome {time.monotonic() - sent:.1f} s after the last fault")
    report.line(f"{found.refused} requests refused, and asked again")
    for name in ("lost", "double", "failed", "repeated"):
        jobs = getattr(found, name)
        report.line(f"{len(jobs)} {name} {' '.join(jobs[:5])}", good=not jobs)
    report.line(f"{found.holes} holes in the topics", good=not found.holes)
    if form.backlog and site.server:
        most = backlog.most_messages(site)
        text = f"{backlog.JOBS} jobs wait: the broker held {most} messages at most"
        report.line(f"{text} (bar {MOST_MESSAGES})", good=0 < most <= MOST_MESSAGES)


def _one_at_a_time(single: Single, form: Form, report: Report) -> None:
    bars: dict[str, tuple[Callable[[], float], float]] = {
        "child killed": (single.child, CHILD_SECONDS),
        "broker wiped": (single.broker, BROKER_SECONDS),
        "worker killed": (single.worker, form.worker_seconds),
    }
    for name, (measure, bar) in bars.items():
        single.settle()
        took = measure()
        report.line(f"{name}: {took:.1f} s to the outcome (bar {bar:g})", good=took <= bar)


def main() -> int:
    if services.postgresql_folder() is None or services.redis_program() is None:
        sys.exit("make chaos needs PostgreSQL and Redis: make system")
    form = LONG if os.environ.get("CHAOS") == "long" else SHORT
    seed = int(os.environ.get("CHAOS_SEED") or random.randrange(10_000))
    sys.stdout.write(f"CHAOS_SEED={seed}\n")
    begun, report = time.monotonic(), Report()
    for name in ("PostgreSQL", "SQLite"):
        folder = Path(tempfile.mkdtemp(prefix="chaos-"))
        sys.stdout.write(f"{name}, journal and logs in {folder}\n")
        site = Site(folder, server=name == "PostgreSQL", **form.settings)
        try:
            run(site, form, report, seed)
        finally:
            site.end()
        if report.kept:
            shutil.rmtree(folder)
    sys.stdout.write(f"{time.monotonic() - begun:.0f} s\n")
    return 0 if report.kept else 1


if __name__ == "__main__":
    sys.exit(main())
