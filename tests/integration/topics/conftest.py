from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Any

import pytest
from django.db import connections

from channels_celery.database import close_idle
from channels_celery.topics import doorbell, pool, presence
from channels_celery.topics.events import Event
from tests import emptying

from .attendance import Clock
from .serving import Server, serving


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """The events that were announced, in the order of announcing."""
    events: list[Event] = []
    monkeypatch.setattr("channels_celery.topics.doorbell.ring", events.append)
    return events


@pytest.fixture
def changed(rung: list[Event], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The topics whose log hubs were told to read anew."""
    told: list[str] = []
    monkeypatch.setattr("channels_celery.topics.doorbell.changed", told.append)
    return told


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(presence, "_now", made)
    return made


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str], int]]:
    """What followers heard: came or left, who, and how many are there now."""
    heard: list[tuple[str, list[str], int]] = []

    def ring(event: Event) -> None:
        data = json.loads(event.data)
        heard.append((event.type, [one["id"] for one in data["members"]], data["n"]))

    monkeypatch.setattr(doorbell, "ring", ring)
    return heard


@pytest.fixture
async def pool_closed(database: str) -> AsyncIterator[None]:
    yield
    await asyncio.to_thread(pool.close)


@pytest.fixture
def ringing(redis_url: str, settings: Any) -> None:
    """What the test publishes is rung over the servers' Redis."""
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [redis_url]},
        }
    }


@pytest.fixture(scope="session", params=["daphne", "uvicorn"])
def standing(
    request: pytest.FixtureRequest,
    django_db_setup: None,
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A real server for all tests that leave it as they found it; a restart costs seconds.

    Its chores go on between them, so it has a database of its own.
    """
    file = tmp_path_factory.mktemp("standing") / "db.sqlite3"
    with closing(sqlite3.connect(connections["default"].settings_dict["NAME"])) as empty:
        empty.execute("VACUUM INTO ?", [str(file)])
    quick = {"SWEEP_SECONDS": 0.2, "PING_SECONDS": 1.0}
    with serving(request.param, "default", redis_url, file, **quick) as server:
        yield server


@pytest.fixture
def server(
    standing: Server, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """The standing server and its database, empty; its readers end with the test."""
    connections["default"].close()
    monkeypatch.setitem(connections["default"].settings_dict, "NAME", standing.file)
    yield standing
    standing.clients.close()
    emptying.empty("default")
    connections["default"].close()
    close_idle()
