from __future__ import annotations

from collections.abc import Iterator

import pytest

from channels_celery.jobs import registry


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """Channels that a test registers are gone after it."""
    before = dict(registry._handlers)
    yield
    registry._handlers.clear()
    registry._handlers.update(before)
