"""Each named step kills its process, or raises, once: the job has one outcome all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from celery.exceptions import Retry as CeleryRetry
from django.contrib.sessions.models import Session

from channels_celery import database as ours
from channels_celery import failpoints, ids, topics
from channels_celery.jobs import attempt, ledger, losses, mirror
from channels_celery.jobs.hints import Hint
from channels_celery.jobs.ledger import NewJob
from channels_celery.jobs.models import Job
from tests.integration.jobs.watch import Send, ended, types
from tests.integration.jobs.worker import ROOT, environment, worker
from tests.project import app
from tests.services import until

#: Two at a time.
MOST_SENDERS = 10
SENDERS = ("insert-committed", "hint-published")
OF_OUTCOMES = ("claimed", "before-outcome", "after-outcome")
HOW = ("kill", "raise")


def send_from_processes(env: dict[str, str], step: str) -> list[str]:
    """Send as other processes do until one is killed and one meets an error; the jobs' topics.

    On a slow machine a sender may end before its hint is out: the next pair comes to the step.
    """
    command = [sys.executable, "-m", "django", "jobs", "send", "steps", "{}", "--topic"]
    names: list[str] = []
    ends: set[int] = set()
    while os.listdir(env[failpoints.VARIABLE]) and len(names) < MOST_SENDERS:
        pair = [f"{step}-{len(names) + number}" for number in range(len(HOW))]
        senders = [
            subprocess.Popen([*command, name], cwd=ROOT, env=env, stderr=subprocess.PIPE)
            for name in pair
        ]
        for sender in senders:
            sender.communicate()
            ends.add(sender.returncode)
        names += pair
    assert -9 in ends
    return names


@pytest.fixture
def env(database: str, redis_url: str) -> dict[str, str]:
    """Leases that are lost and found within a second or two."""
    return environment(
        database, redis_url, LEASE_SECONDS=1.5, HEARTBEAT_SECONDS=0.5, RECONCILE_SECONDS=0.5
    )


def armed_in(env: dict[str, str], folder: Path) -> Path:
    """The folder whose files make the worker's next step of their name fail."""
    armed = folder / "armed"
    armed.mkdir()
    env[failpoints.VARIABLE] = str(armed)
    return armed


def test_every_step_may_fail(
    database: str, env: dict[str, str], send: Send, tmp_path: Path
) -> None:
    """One worker goes through all of them: its main process must outlive every one."""
    folders = {name: tmp_path / f"armed-{name}" for name in ("worker", "sender")}
    for folder in folders.values():
        folder.mkdir()
    of_sender = {**env, failpoints.VARIABLE: str(folders["sender"])}
    env[failpoints.VARIABLE] = str(folders["worker"])
    with worker(database, env, tmp_path / "log", "-c", "2") as process:
        for step in failpoints.STEPS:
            armed = folders["sender" if step in SENDERS else "worker"]
            for how in HOW:
                (armed / f"{step}.{how}").touch()
            names = [f"{step}-{number}" for number in range(len(HOW))]
            # Of `add` the first durable event is its outcome.
            channel = "add" if step == "doorbell" else "steps"
            if step in SENDERS:
                names = send_from_processes(of_sender, step)
            else:
                for topic in names:
                    send(channel, {"a": 1, "b": 1}, topic=topic)
            until(partial(_all_taken, armed), what=f"failure at {step}")
            for topic in names:
                assert_one_outcome(database, topic, replies=0 if channel == "add" else 3)
        assert process.poll() is None


def test_every_step_of_a_batch_may_fail(
    database: str, env: dict[str, str], send: Send, tmp_path: Path
) -> None:
    """Two batches at a time: one ends its process, the other one raises; all is done alone."""
    armed = armed_in(env, tmp_path)
    with worker(database, env, tmp_path / "log", "-c", "2") as process:
        for step in OF_OUTCOMES:
            for how in HOW:
                (armed / f"{step}.{how}").touch()
            with ours.session() as session:
                ledger.pause(session, "small")
            sent = [send("small", {"n": n}, hinted=False) for n in range(32)]
            with ours.session() as session:
                ledger.resume(session, "small")
            until(partial(_all_taken, armed), what=f"failure at {step}")
            found = [ended(database, id) for id in sent]
            assert [json.loads(one.result or "") for one in found] == list(range(32)), step
        assert process.poll() is None


def test_every_step_of_a_handlers_own_transaction_may_fail(
    database: str, env: dict[str, str], send: Send, tmp_path: Path
) -> None:
    armed = armed_in(env, tmp_path)
    with worker(database, env, tmp_path / "log", "-c", "2") as process:
        for step in OF_OUTCOMES:
            for how in HOW:
                (armed / f"{step}.{how}").touch()
            names = [f"{step}-{number}" for number in range(len(HOW))]
            sent = [send("settled", {}, topic=name) for name in names]
            until(partial(_all_taken, armed), what=f"failure at {step}")
            for id, topic in zip(sent, names, strict=True):
                assert_one_outcome(database, topic, replies=0)
                assert Session.objects.using(database).filter(session_key=str(id)).count() == 1
        assert process.poll() is None


def _all_taken(armed: Path) -> bool:
    return not os.listdir(armed)


def assert_one_outcome(alias: str, topic: str, *, replies: int) -> None:
    done = ended(alias, Job.objects.using(alias).get(topic=topic).pk)
    # Its last event may wait to be numbered, of which the next reader takes care.
    topics.read(topic)
    told = types(alias, topic)
    assert done.state == "succeeded", topic
    assert json.loads(done.result or "")["attempt"] == done.attempt, topic
    assert (told.count("job.succeeded"), told[-1]) == (1, "job.succeeded"), topic
    assert told.count("job.reply") == replies, topic


@pytest.mark.usefixtures("rung")
def test_no_memory_outside_the_handler_ends_no_worker(
    database: str, published: list[Hint], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(step: str) -> None:
        if step == "claimed":
            raise MemoryError

    monkeypatch.setattr(failpoints, "reach", no_memory)
    new = NewJob(id=ids.uuid7(), channel="add", message="{}", max_attempts=2)
    task = app.tasks[mirror.task_name("add")]
    with ours.session() as session:
        ledger.insert(session, new)
        task.push_request(id="run")
        # Celery's main process would end with a MemoryError.
        with pytest.raises(CeleryRetry, match="broke off"):
            attempt.run(task, str(new.id), 0)
        task.pop_request()
        losses.reap_run(session, "run", "lost")
    assert Job.objects.using(database).get().state == "retrying"
