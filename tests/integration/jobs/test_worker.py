"""Jobs through real Celery workers: what a person who sends one gets, whatever happens to them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from channels_celery import database as ours
from channels_celery import ids
from channels_celery.jobs import hints, ledger, mirror
from channels_celery.jobs.hints import Hint
from channels_celery.jobs.ledger import NewJob
from channels_celery.jobs.models import Job
from channels_celery.topics.models import Event
from tests.integration.jobs.worker import end, environment, worker
from tests.project import app, tasks
from tests.services import until

Send = Callable[..., UUID]
#: Importing them registered their channels, as Django does in every process.
CHANNELS = [tasks.add, tasks.steps, tasks.flaky, tasks.hung, tasks.lively]


@pytest.fixture
def env(database: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    subprocess.run(["redis-cli", "-u", redis_url, "flushall"], check=True, capture_output=True)
    return environment(database, redis_url, LEASE_SECONDS=3.0, HEARTBEAT_SECONDS=1.0)


@pytest.fixture
def send(database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Send]:
    """Accept a message as a web process does, and publish its hint unless told that it is lost."""
    monkeypatch.setattr(app.conf, "broker_url", redis_url)
    monkeypatch.setattr(mirror, "project_app", lambda: app)
    broker = hints.Broker()
    published: list[Hint] = []
    monkeypatch.setattr(hints, "publish", lambda hint, seconds=0.0: published.append(hint))

    def accept(channel: str, message: dict[str, Any], *, hinted: bool = True, **more: Any) -> UUID:
        options = {"max_attempts": 4, **more}
        new = NewJob(id=ids.uuid7(), channel=channel, message=json.dumps(message), **options)
        with ours.session() as session:
            ledger.insert(session, new)
        if hinted:
            hints.publish_all(broker, published)
        published.clear()
        return new.id

    yield accept
    broker.close()


def job(alias: str, id: UUID) -> Job:
    return Job.objects.using(alias).get(pk=id)


def ended(alias: str, id: UUID, *, seconds: float = 20.0) -> Job:
    def over() -> bool:
        return job(alias, id).state in ("succeeded", "failed", "cancelled")

    until(over, seconds=seconds, what=f"outcome of {job(alias, id)}")
    return job(alias, id)


def runs(marker: Path) -> int:
    """How many attempts have come to the place where they hold."""
    return len(marker.read_text().split()) if marker.exists() else 0


def types(alias: str, topic: str) -> list[str]:
    rows = Event.objects.using(alias).filter(topic=topic).order_by("seq")
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    return [row.type for row in rows]


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
