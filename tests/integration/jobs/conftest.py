from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from channels_celery import database as ours
from channels_celery import ids
from channels_celery.jobs import hints, ledger, mirror
from channels_celery.jobs.hints import Hint
from channels_celery.jobs.ledger import NewJob
from channels_celery.topics import doorbell
from channels_celery.topics.events import Event
from tests.integration.jobs.watch import Send
from tests.integration.jobs.worker import environment
from tests.project import app, tasks
from tests.project.running import tasks as running_tasks

#: Importing them registered their channels, as Django does in every process.
CHANNELS = [tasks, running_tasks]


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Hint]]:
    """The hints that transitions hand over, instead of a broker."""
    found: list[Hint] = []
    monkeypatch.setattr(hints, "publish", lambda hint, seconds=0.0: found.append(hint))
    return found  # type: ignore[return-value]


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """The durable events that were announced, in order."""
    found: list[Event] = []

    def ring(event: Event) -> None:
        if event.seq is not None:
            found.append(event)

    monkeypatch.setattr(doorbell, "ring", ring)
    return found


@pytest.fixture
def env(database: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    subprocess.run(["redis-cli", "-u", redis_url, "flushall"], check=True, capture_output=True)
    return environment(
        database,
        redis_url,
        LEASE_SECONDS=3.0,
        HEARTBEAT_SECONDS=1.0,
        CANCEL_GRACE_SECONDS=2.0,
        STOP_GRACE_SECONDS=2.0,
    )


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
