from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from channels_celery.jobs import hints
from channels_celery.jobs.hints import Hint
from channels_celery.topics import doorbell
from channels_celery.topics.events import Event


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
    ring: Callable[[Event], None] = found.append
    monkeypatch.setattr(doorbell, "ring", ring)
    return found
