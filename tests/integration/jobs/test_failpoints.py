"""Each named step kills its process, or raises, once: the job has one outcome all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from channels_celery import failpoints
from channels_celery.jobs.models import Job
from tests.integration.jobs.watch import Send, ended, types
from tests.integration.jobs.worker import ROOT, environment, worker
from tests.services import until

SENDERS = ("insert-committed", "hint-published")
HOW = ("kill", "raise")


def send_from_processes(env: dict[str, str], topics: list[str]) -> None:
    """Send as other processes do; one of them is killed."""
    command = [sys.executable, "-m", "django", "jobs", "send", "steps", "{}", "--topic"]
    senders = [
        subprocess.Popen([*command, topic], cwd=ROOT, env=env, stderr=subprocess.PIPE)
        for topic in topics
    ]
    for sender in senders:
        sender.communicate()
    assert min(sender.returncode for sender in senders) == -9


def test_every_step_may_fail(
    database: str, env: dict[str, str], redis_url: str, send: Send, tmp_path: Path
) -> None:
    """One worker goes through all of them: its main process must outlive every one."""
    armed = tmp_path / "armed"
    armed.mkdir()
    env = environment(
        database, redis_url, LEASE_SECONDS=1.5, HEARTBEAT_SECONDS=0.5, RECONCILE_SECONDS=0.5
    )
    env[failpoints.VARIABLE] = str(armed)
    with worker(database, env, tmp_path / "log", "-c", "2") as process:
        for step in failpoints.STEPS:
            for how in HOW:
                (armed / f"{step}.{how}").touch()
            topics = [f"{step}-{number}" for number in range(len(HOW))]
            # Of `add` the first durable event is its outcome.
            channel = "add" if step == "doorbell" else "steps"
            if step in SENDERS:
                send_from_processes(env, topics)
            else:
                for topic in topics:
                    send(channel, {"a": 1, "b": 1}, topic=topic)
            until(lambda: not os.listdir(armed), what=f"failure at {step}")
            for topic in topics:
                assert_one_outcome(database, topic, replies=0 if channel == "add" else 3)
        assert process.poll() is None


def assert_one_outcome(alias: str, topic: str, *, replies: int) -> None:
    done = ended(alias, Job.objects.using(alias).get(topic=topic).pk)
    told = types(alias, topic)
    assert done.state == "succeeded", topic
    assert json.loads(done.result or "")["attempt"] == done.attempt, topic
    assert (told.count("job.succeeded"), told[-1]) == (1, "job.succeeded"), topic
    assert told.count("job.reply") == replies, topic
