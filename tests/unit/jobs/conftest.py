from __future__ import annotations

import pytest

from channels_celery.jobs import registry


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry of the test's own: empty before it, as it was after it."""
    monkeypatch.setattr(registry, "_handlers", {})
