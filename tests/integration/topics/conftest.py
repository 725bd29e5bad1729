from __future__ import annotations

from collections.abc import Iterator

import pytest

from channels_celery.database import close_idle
from channels_celery.topics.events import Event

from .serving import Server, serving


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """The events that were announced, in the order of announcing."""
    events: list[Event] = []
    monkeypatch.setattr("channels_celery.topics.doorbell.ring", events.append)
    return events


@pytest.fixture(scope="session", params=["daphne", "uvicorn"])
def standing(
    request: pytest.FixtureRequest, django_db_setup: None, redis_url: str
) -> Iterator[Server]:
    """A real server for all tests that leave it as they found it; a restart costs seconds."""
    quick = {"SWEEP_SECONDS": 0.2, "PING_SECONDS": 1.0}
    with serving(request.param, "default", redis_url, **quick) as server:
        yield server


@pytest.fixture
def server(standing: Server, transactional_db: None) -> Iterator[Server]:
    """The standing server, with a log of the test's own; its readers end with the test."""
    yield standing
    standing.clients.close()
    close_idle()
