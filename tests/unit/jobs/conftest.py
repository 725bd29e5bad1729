from __future__ import annotations

from collections.abc import Iterator

import pytest

from channels_celery.jobs import registry


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """A registry of the test's own: empty before it, as it was after it."""
    before = dict(registry._handlers)
    registry._handlers.clear()
    yield
    registry._handlers.clear()
    registry._handlers.update(before)
