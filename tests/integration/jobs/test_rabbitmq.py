"""RabbitMQ as broker: a real node, with its plain queues and with replicated ones."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from kombu.connection import Connection

from channels_celery.jobs import stuck
from channels_celery.jobs.models import Job
from tests import rabbitmq
from tests.integration.jobs.watch import Send, ended, job, types
from tests.integration.jobs.worker import ROOT, worker
from tests.project import app
from tests.services import until

#: What a project sets that wants its queues replicated; no publisher confirms in either case.
QUORUM = {
    "CELERY_TASK_DEFAULT_QUEUE_TYPE": "quorum",
    "CELERY_TASK_CREATE_MISSING_QUEUE_TYPE": "quorum",
    "CELERY_WORKER_DETECT_QUORUM_QUEUES": True,
}
OLD_RELEASE = {
    "INSTALLED_APPS": [
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "channels_celery",
        "tests.project",
    ]
}

pytestmark = pytest.mark.parametrize(
    "database",
    [pytest.param("sqlite", marks=pytest.mark.django_db(transaction=True, databases=["default"]))],
    indirect=True,
)


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    with rabbitmq.node() as url:
        yield url


@pytest.fixture
def chosen(broker: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The broker's settings, also for this process; its queues are gone at the end."""
    monkeypatch.setattr(app.conf, "broker_url", broker)
    yield {"CELERY_BROKER_URL": broker, "CELERY_BROKER_TRANSPORT_OPTIONS": {}}
    with Connection(broker) as connection:
        for queue in ("celery", "images"):
            connection.default_channel.queue_delete(queue)


def sent_by_a_process(env: dict[str, str], alias: str, topic: str) -> UUID:
    """Sent as a web process does, with the project's own settings."""
    command = [sys.executable, "-m", "django", "jobs", "send", "steps", "{}", "--topic", topic]
    subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True)
    return Job.objects.using(alias).get(topic=topic).pk


def jobs_come_through(alias: str, env: dict[str, str], send: Send) -> None:
    # Into a queue that the sender declares as its settings say.
    hinted = sent_by_a_process(env, alias, "t")
    # No hint has come to the broker: the worker's own look finds them.
    unhinted = [send("add", {"a": n, "b": 1}, hinted=False) for n in range(20)]
    again = send("flaky", {"by": "kill", "until": 2}, hinted=False)
    assert ended(alias, hinted).state == "succeeded"
    assert types(alias, "t") == ["job.reply", "job.reply", "job.reply", "job.succeeded"]
    results = [json.loads(ended(alias, id).result or "")["sum"] for id in unhinted]
    assert results == [n + 1 for n in range(20)]
    assert ended(alias, again).attempt == 2


def test_jobs_come_through_quorum_queues(
    database: str, env: dict[str, str], send: Send, chosen: dict[str, Any], tmp_path: Path
) -> None:
    env = {**env, "TEST_SETTINGS": json.dumps(chosen | QUORUM)}
    with worker(database, env, tmp_path / "log", "-c", "2"):
        jobs_come_through(database, env, send)


def test_channel_that_no_live_worker_knows_waits_and_is_named(
    database: str, env: dict[str, str], send: Send, chosen: dict[str, Any], tmp_path: Path
) -> None:
    """A rolling deploy: the web is new already, the only worker is old."""
    old, new = tmp_path / "old", tmp_path / "new"
    env_old = {**env, "TEST_SETTINGS": json.dumps(chosen | OLD_RELEASE)}
    env_new = {**env, "TEST_SETTINGS": json.dumps(chosen)}
    with worker(database, env_old, old, "-c", "2"):
        id = send("tiny", {"n": 7})
        until(lambda: "unregistered task" in old.read_text(), what="hint of an unknown channel")
        jobs_come_through(database, env_old, send)
        assert job(database, id).state == "queued"
        made_stuck = Job.objects.using(database).filter(pk=id)
        made_stuck.update(ready=stuck.present() - 2 * stuck.STUCK_MS)
        assert stuck.reason(job(database, id)) == "no live worker knows channel tiny"
        with worker(database, env_new, new, "-c", "1", "-n", "new@release"):
            until(partial(_succeeded, database, id), what="outcome")
    assert json.loads(job(database, id).result or "") == 7


def _succeeded(alias: str, id: UUID) -> bool:
    return job(alias, id).state == "succeeded"
