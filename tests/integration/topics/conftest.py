from __future__ import annotations

import pytest

from channels_celery.topics.events import Event


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """The events that were announced, in the order of announcing."""
    events: list[Event] = []
    monkeypatch.setattr("channels_celery.topics.doorbell.ring", events.append)
    return events
