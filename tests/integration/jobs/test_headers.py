from __future__ import annotations

import json
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from celery import signals

from channels_celery import channel_task, send
from channels_celery import database as ours
from channels_celery.jobs import headers, hints, ledger, losses, mirror
from channels_celery.jobs.hints import Hint
from channels_celery.jobs.models import Job
from tests.integration.jobs.watch import ended
from tests.integration.jobs.worker import worker
from tests.project import app

tenant: ContextVar[str | None] = ContextVar("tenant", default=None)


@channel_task("tests.headers")
def work(job: Any, message: Any) -> None: ...


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """A library that adds the tenant of the present context to every message."""
    found: list[dict[str, Any]] = []

    def add(headers: dict[str, Any], **_: Any) -> None:
        headers["tenant"] = tenant.get()
        found.append(headers)

    signals.before_task_publish.connect(add, weak=False, dispatch_uid="tests.tenant")
    monkeypatch.setattr(mirror, "project_app", lambda: app)
    context = tenant.set("acme")
    yield found
    tenant.reset(context)
    signals.before_task_publish.disconnect(add, dispatch_uid="tests.tenant")


class Producer:
    """What was published, instead of a broker."""

    def __init__(self) -> None:
        self.connection = headers._Catcher()
        self.published: list[dict[str, Any]] = []

    def publish(self, body: Any, *, headers: dict[str, Any], **_: Any) -> None:
        self.published.append(headers)


def published_headers(hint: Hint, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    producer = Producer()
    monkeypatch.setattr(hints.Broker, "_connected", lambda _: producer)
    hints.Broker().publish(hint)
    return producer.published[0]


def test_headers_of_the_sender_go_with_every_hint(
    database: str,
    told: list[dict[str, Any]],
    published: list[Hint],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = send("tests.headers", {}).id
    assert json.loads(Job.objects.using(database).get(pk=job).headers) == {"tenant": "acme"}
    assert len(told) == 1
    # Another thread or process has another context.
    tenant.set("other")
    Job.objects.using(database).update(due=1)
    with ours.session() as session:
        (repeated,) = ledger.remind(session, ["tests.headers"], first=False, limit=1)
        found = ledger.claim(session, job, 0, run="r", max_attempts=9, lease_ms=-1)
        assert found is not None
        assert found.headers == {"tenant": "acme"}
        losses.reap(session)
    celery_ids = set()
    for hint in (published[0], repeated, published[-1]):
        sent = published_headers(hint, monkeypatch)
        assert sent["tenant"] == "acme"
        # Celery's own are the hint's.
        celery_ids.add(sent["id"])
        assert str(job) in sent["argsrepr"]
    assert len(celery_ids) == 3


def test_nothing_is_gone_through_when_nobody_listens(
    database: str, published: list[Hint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "project_app", lambda: app)
    task = app.tasks[mirror.task_name("tests.headers")]
    monkeypatch.setattr(task, "apply_async", None)
    assert headers.capture("tests.headers") == "{}"


def test_headers_that_are_no_json_do_not_stop_a_job(
    database: str, told: list[dict[str, Any]], published: list[Hint]
) -> None:
    tenant.set(object())  # type: ignore[arg-type]
    job = send("tests.headers", {}).id
    assert Job.objects.using(database).get(pk=job).headers == "{}"


def test_worker_sees_them_on_its_celery_request(
    database: str,
    told: list[dict[str, Any]],
    env: dict[str, str],
    send: Any,
    tmp_path: Path,
) -> None:
    with worker(database, env, tmp_path / "log", "-c", "1"):
        id = send("told", {}, headers='{"tenant": "acme"}')
        tenant.set("other")
        assert json.loads(ended(database, id).result or "") == ["acme", "acme"]
