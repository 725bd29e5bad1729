from __future__ import annotations

import pytest
from django.db import InterfaceError, OperationalError

from config import health


@pytest.mark.parametrize("error", [InterfaceError, OperationalError])
def test_any_error_of_the_database_says_that_it_is_away(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def gone() -> bool:
        raise error("the connection already closed")

    monkeypatch.setattr(health, "_migrated", gone)
    assert health._database() == (f"away: {error.__name__}", health.UNKNOWN, health.UNKNOWN)
