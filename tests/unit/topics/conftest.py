from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from channels_celery.topics import feed, hub

from .readers import TOPIC, Logs
from .worlds import OTHER, World


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A hub of two topics; at the end nothing is left in it."""
    monkeypatch.setattr(feed, "RETRY_SECONDS", (0.0, 0.0))
    made = World(Logs(TOPIC, OTHER))
    yield made
    for reader in made.readers:
        await reader.leave()
    assert made.hub.connections == set()
    assert made.hub.feeds == {}
    del hub._hubs[asyncio.get_running_loop()]
