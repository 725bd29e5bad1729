"""What is done to running jobs, with real workers."""

from __future__ import annotations

from pathlib import Path

from channels_celery import database as ours
from channels_celery.jobs import ledger
from tests.integration.jobs.watch import Send, ended, job, runs, types
from tests.integration.jobs.worker import worker
from tests.project.running import tasks
from tests.services import until

#: Importing them registered their channels, as Django does in every process.
CHANNELS = [tasks.polite, tasks.stubborn]


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
