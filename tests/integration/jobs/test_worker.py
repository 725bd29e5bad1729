"""Jobs through real Celery workers: what a person who sends one gets, whatever happens to them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from uuid import UUID

from django.db import connections

from channels_celery import database as ours
from tests.integration.jobs.watch import Send, ended, job, runs, types
from tests.integration.jobs.worker import end, worker
from tests.project import tasks
from tests.services import until

#: Importing them registered their channels, as Django does in every process.
CHANNELS = [tasks.add, tasks.steps, tasks.flaky, tasks.hung, tasks.lively]


def test_message_gets_its_result(
    database: str, env: dict[str, str], send: Send, tmp_path: Path
) -> None:
    with worker(database, env, tmp_path / "log", "-c", "2"):
        plain = send("add", {"a": 1, "b": 2})
        # No -Q: the worker consumes the queue of every channel.
        queued = send("steps", {}, topic="t")
        asynchronous = send("lively", {})
        assert json.loads(ended(database, plain).result or "") == {"sum": 3, "attempt": 1}
        assert json.loads(ended(database, asynchronous).result or "") == "async"
        done = ended(database, queued)
    assert done.state == "succeeded"
    assert types(database, "t") == ["job.reply", "job.reply", "job.reply", "job.succeeded"]


def test_every_way_to_fail_ends_in_one_outcome(
    database: str, env: dict[str, str], send: Send, tmp_path: Path
) -> None:
    expected = {
        "fail": (1, "failed", "This can not be done."),
        "retry": (3, "failed", "Not yet."),
        "error": (3, "internal", "The work failed."),
        "memory": (3, "internal", "The work failed."),
        "exit": (1, "internal", "The work failed."),
        "kill": (3, "lost", "The worker stopped while it did the work."),
    }
    with worker(database, env, tmp_path / "log", "-c", "2") as process:
        sent = {by: send("flaky", {"by": by}, max_attempts=3, topic=by) for by in expected}
        late = send("hung", {}, max_attempts=1)
        for by, id in sent.items():
            found = ended(database, id, seconds=30)
            error = json.loads(found.error)
            assert (found.state, found.attempt) == ("failed", expected[by][0]), by
            assert (error["code"], error["message"]) == expected[by][1:], by
            assert types(database, by)[-1] == "job.failed"
            assert types(database, by).count("job.failed") == 1
        assert json.loads(ended(database, late).error)["code"] == "time_limit"
        assert process.poll() is None
    assert "secret detail" in job(database, sent["error"]).traceback


def test_retried_job_succeeds(
    database: str, env: dict[str, str], send: Send, tmp_path: Path
) -> None:
    with worker(database, env, tmp_path / "log", "-c", "2"):
        id = send("flaky", {"by": "error", "until": 3}, topic="t")
        assert ended(database, id).attempt == 3
    assert types(database, "t") == ["job.retrying", "job.retrying", "job.succeeded"]


def test_lost_hint_is_repeated(
    database: str, env: dict[str, str], send: Send, tmp_path: Path
) -> None:
    with worker(database, env, tmp_path / "log", "-c", "1"):
        id = send("add", {"a": 1, "b": 1}, hinted=False)
        assert ended(database, id, seconds=10).state == "succeeded"


def test_job_of_a_killed_child_runs_again_at_once(
    database: str, env: dict[str, str], send: Send, tmp_path: Path
) -> None:
    marker = tmp_path / "running"
    with worker(database, env, tmp_path / "log", "-c", "2"):
        id = send("steps", {"marker": str(marker)}, topic="t")
        until(lambda: runs(marker) == 1, what="running job")
        os.kill(int(marker.read_text().split()[0]), signal.SIGKILL)
        # Far below the lease: the main process heard of it.
        until(lambda: runs(marker) == 2, seconds=2.5, what="second attempt")
        marker.unlink()
        done = ended(database, id)
    assert (done.state, done.attempt, done.losses) == ("succeeded", 2, 1)
    replies = ["job.reply", "job.reply", "job.retrying", "job.reply", "job.succeeded"]
    assert types(database, "t") == replies


def test_job_of_a_killed_worker_is_finished_by_another(
    database: str, env: dict[str, str], send: Send, tmp_path: Path
) -> None:
    marker = tmp_path / "running"
    with worker(database, env, tmp_path / "log", "-c", "1") as first:
        id = send("steps", {"marker": str(marker)}, topic="t")
        until(lambda: runs(marker) == 1, what="running job")
        os.kill(first.pid, signal.SIGKILL)
        end(first)
        with worker(database, env, tmp_path / "log2", "-c", "1"):
            until(lambda: runs(marker) == 2, what="second attempt")
            marker.unlink()
            assert ended(database, id).state == "succeeded"
    assert types(database, "t").count("job.succeeded") == 1


def test_stopped_worker_that_comes_back_changes_nothing(
    database: str, env: dict[str, str], send: Send, tmp_path: Path
) -> None:
    marker = tmp_path / "running"
    with worker(database, env, tmp_path / "log", "-c", "1") as first:
        id = send("steps", {"marker": str(marker)}, topic="t")
        until(lambda: runs(marker) == 1, what="running job")
        os.killpg(first.pid, signal.SIGSTOP)
        with worker(database, env, tmp_path / "log2", "-c", "1"):
            until(lambda: runs(marker) == 2, what="second attempt")
            marker.unlink()
            done = ended(database, id)
            os.killpg(first.pid, signal.SIGCONT)
            until(lambda: "lost its lease" in (tmp_path / "log").read_text(), what="refusal")
    assert (done.state, done.attempt) == ("succeeded", 2)
    assert types(database, "t").count("job.succeeded") == 1


def test_wiped_broker_loses_no_job(
    database: str, env: dict[str, str], send: Send, tmp_path: Path, redis_url: str
) -> None:
    sent = [send("add", {"a": n, "b": n}) for n in range(30)]
    subprocess.run(["redis-cli", "-u", redis_url, "flushall"], check=True, capture_output=True)
    with worker(database, env, tmp_path / "log", "-c", "2"):
        results = [json.loads(ended(database, id).result or "")["sum"] for id in sent]
    assert results == [2 * n for n in range(30)]


def test_no_commit_is_lost_when_children_are_killed_and_forked_again(
    database: str, env: dict[str, str], send: Send, tmp_path: Path
) -> None:
    """SQLite loses commits of a process that was forked while a connection was open.

    So the test's own connections are closed too: a third process would hide it.
    """
    sent: list[UUID] = []
    with worker(database, env, tmp_path / "log", "-c", "2") as process:
        for kill in range(20):
            sent += [send("steps", {}, topic=f"kill-{kill}", max_attempts=30) for _ in range(4)]
            ours.close_idle()
            connections[database].close()
            until(lambda: len(children(process.pid)) == 2, what="two children")
            os.kill(children(process.pid)[kill % 2], signal.SIGKILL)
        found = [ended(database, id, seconds=40) for id in sent]
    assert [one.state for one in found] == ["succeeded"] * 80
    for kill in range(20):
        assert types(database, f"kill-{kill}").count("job.succeeded") == 4


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]
