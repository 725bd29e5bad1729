"""What is left while the broker or the database is away."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import celery
import pytest
from celery import _state
from django.db import connections

from channels_celery import channel_task, send
from channels_celery.jobs import hints, mirror, reconciler
from channels_celery.jobs.models import Job
from tests.integration.jobs.cutting import CuttingProxy
from tests.integration.jobs.watch import Send, ended
from tests.integration.jobs.worker import worker
from tests.services import free_port, until


@channel_task("tests.away")
def work(job: Any, message: Any) -> None: ...


@pytest.fixture(params=["refuses", "never answers"])
def dead_broker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = _state._tls.current_app
    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = request.param == "never answers"
        port = listener.getsockname()[1] if silent else free_port()
        made = celery.Celery("away", broker=f"redis://127.0.0.1:{port}/0", set_as_current=False)
        made.tasks.register(mirror.project_app().tasks[mirror.task_name("tests.away")])
        monkeypatch.setattr(mirror, "project_app", lambda: made)
        monkeypatch.setattr(hints, "_publisher", None)
        yield
    _state._set_current_app(before)


def test_send_succeeds_at_once_without_a_broker(
    database: str, dead_broker: None, caplog: pytest.LogCaptureFixture
) -> None:
    send("tests.away", {})
    began = time.monotonic()
    sent = [send("tests.away", {}).id for _ in range(20)]
    # One that waited for the broker would take a second for each.
    assert time.monotonic() - began < 10
    found = Job.objects.using(database).filter(pk__in=sent, state="queued")
    assert found.count() == 20
    until(lambda: "unreachable, jobs wait" in caplog.text, what="word of the broker")


@pytest.mark.parametrize(
    "database",
    [
        pytest.param(
            "postgresql", marks=pytest.mark.django_db(transaction=True, databases=["postgresql"])
        )
    ],
    indirect=True,
)
def test_worker_waits_for_its_database(
    database: str, env: dict[str, str], send: Send, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    given = connections[database].settings_dict
    proxy = CuttingProxy(Path(given["HOST"]) / ".s.PGSQL.5432")
    through = json.loads(env["TEST_DATABASE"]) | {"HOST": "127.0.0.1", "PORT": str(proxy.port)}
    env = {**env, "TEST_DATABASE": json.dumps(through)}
    with worker(database, env, log, "-c", "2") as process:
        before = send("add", {"a": 1, "b": 1})
        assert ended(database, before).state == "succeeded"
        proxy.refuse()
        met = [send("add", {"a": n, "b": 1}) for n in range(4)]
        until(lambda: log.read_text().count("reconciler waits") >= 2, what="waiting reconciler")
        proxy.serve()
        assert [ended(database, id, seconds=40).state for id in met] == ["succeeded"] * 4
        assert process.poll() is None
    proxy.close()


def test_reconcilers_that_wait_do_not_move_in_step() -> None:
    for failures in range(1, 12):
        waits = {reconciler._wait_seconds(failures) for _ in range(50)}
        longest = min(2.0 * 2**failures, reconciler.LONGEST_WAIT_SECONDS)
        assert len(waits) > 40
        assert all(0.1 * longest <= wait <= longest for wait in waits)
        assert max(waits) - min(waits) > 0.3 * longest
