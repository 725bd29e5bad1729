from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from channels_celery.topics import feed, hub, outbound, rights
from channels_celery.topics.hub import Hub

from .hub_of_loop import end_hub
from .readers import TOPIC, Logs
from .rules import Rules
from .scripted import connecting
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


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights are looked at without a pause."""
    monkeypatch.setattr(rights, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(rights, "LOOK_SECONDS", 0.01)


@pytest.fixture
async def rules(monkeypatch: pytest.MonkeyPatch, no_server: None) -> AsyncIterator[Rules]:
    """A hub that asks these about people."""
    made = Rules()
    # Hubs of this process hear without the layer; a message in it would meet a closed loop.
    monkeypatch.setattr(outbound, "group_send", lambda group, message: None)
    current = hub._hubs[asyncio.get_running_loop()] = Hub(made)
    current.start()
    yield made
    await end_hub()


@pytest.fixture
async def connected() -> AsyncIterator[Callable[..., Any]]:
    """Open sockets, Ann's unless another session is named, and the topics to follow."""
    async with connecting() as connect:
        yield lambda cookie="ann-key", *follow: connect(cookie, *follow)
