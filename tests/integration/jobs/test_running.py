"""What is done to running jobs, with real workers."""

from __future__ import annotations

import json
import os
import signal
from functools import partial
from pathlib import Path

from channels_celery import database as ours
from channels_celery.jobs import ledger
from channels_celery.jobs.models import Job
from tests.integration.jobs.watch import Send, ended, job, runs, types
from tests.integration.jobs.worker import worker
from tests.services import until

JOBS = 100
JOB_SECONDS = 0.1
#: Of a time that others on the machine may lengthen.
MOST_TRIES = 3


def _runs(marker: Path, times: int) -> bool:
    return runs(marker) == times


def test_running_job_is_cancelled(
    database: str, env: dict[str, str], send: Send, tmp_path: Path
) -> None:
    marker = tmp_path / "running"
    with worker(database, env, tmp_path / "log", "-c", "2") as process:
        polite = send("polite", {}, topic="polite")
        stubborn = send("stubborn", {"marker": str(marker)}, topic="stubborn")
        until(lambda: runs(marker) == 1, what="running job")
        until(lambda: job(database, polite).state == "running", what="running job")
        with ours.session() as session:
            assert ledger.cancel(session, polite)
            assert ledger.cancel(session, stubborn)
        # The heartbeat (1 s) brings the request; past the grace (2 s) nobody is asked.
        for id, topic in ((polite, "polite"), (stubborn, "stubborn")):
            assert ended(database, id, seconds=6).state == "cancelled"
            assert types(database, topic) == ["job.cancelled"]
        # Its handler is ended too, and the slot works on.
        until(lambda: "its handler is ended" in (tmp_path / "log").read_text(), what="end")
        after = [send("add", {"a": n, "b": 1}) for n in range(4)]
        assert [ended(database, id).state for id in after] == ["succeeded"] * 4
        assert runs(marker) == 1
        assert process.poll() is None


def test_stopped_worker_gives_back_what_it_does(
    database: str, env: dict[str, str], send: Send, tmp_path: Path
) -> None:
    for pool in ("prefork", "threads" if database == "default" else "solo"):
        marker, log = tmp_path / pool, tmp_path / f"{pool}.log"
        with worker(database, env, log, "-c", "1", "-P", pool) as process:
            id = send("stubborn", {"marker": str(marker)}, max_attempts=1, topic=pool)
            until(partial(_runs, marker, 1), what="running job")
            waiting = send("add", {"a": 1, "b": 1})
            os.kill(process.pid, signal.SIGTERM)
            # The grace is 2 s.
            assert process.wait(10) == 0, log.read_text()
            assert "1 jobs were given back" in log.read_text()
            # Only prefork can end a handler that is cancelled or takes too long.
            assert ("pool can not end a handler" in log.read_text()) is (pool != "prefork")
        given = job(database, id)
        assert (given.state, given.attempt, given.losses) == ("queued", 0, 0)
        assert job(database, waiting).state == "queued"
        with worker(database, env, log, "-c", "1"):
            until(partial(_runs, marker, 2), what="second run")
            marker.unlink()
            done = ended(database, id)
        assert (done.state, done.attempt) == ("succeeded", 1)
        assert types(database, pool) == ["job.succeeded"]


def test_limited_channel_uses_its_slots_over_all_workers(
    database: str, env: dict[str, str], send: Send, tmp_path: Path
) -> None:
    folder = tmp_path / "together"
    folder.mkdir()
    ideal_ms = JOBS * JOB_SECONDS * 1_000 / 2
    first, second = tmp_path / "log1", tmp_path / "log2"
    with worker(database, env, first, "-c", "2"), worker(database, env, second, "-c", "2"):
        took: list[int] = []
        # What else the machine does can only add to it.
        while len(took) < MOST_TRIES and min(took, default=ideal_ms * 2) > 1.5 * ideal_ms:
            took.append(_milliseconds_in_slots(database, send, str(folder)))
    assert min(took) <= 1.5 * ideal_ms, took


def _milliseconds_in_slots(database: str, send: Send, folder: str) -> int:
    """From the first start to the last end of many short jobs that wait for two slots."""
    message = {"folder": folder, "seconds": JOB_SECONDS}
    with ours.session() as session:
        ledger.pause(session, "limited")
    sent = [send("limited", message) for _ in range(JOBS)]
    # Its hints are spent when this one has run.
    assert ended(database, send("add", {"a": 1, "b": 1})).state == "succeeded"
    assert Job.objects.using(database).filter(channel="limited", state="queued").count() == JOBS
    with ours.session() as session:
        ledger.resume(session, "limited")
    found = [ended(database, id, seconds=60) for id in sent]
    assert {json.loads(one.result or "") for one in found} <= {1, 2}
    began = min(one.started or 0 for one in found)
    return max(one.finished or 0 for one in found) - began
