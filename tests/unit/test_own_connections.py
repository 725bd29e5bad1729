from __future__ import annotations

from typing import Any

import pytest

from channels_celery import database


class Connection:
    """An own session's, without a database behind it."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.closed = False

    def close(self) -> None:
        self.closed = True


def test_an_idle_connection_is_lent_for_its_own_database_alone(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "Own", Connection)
    pool: Any = database._Pool()
    lent = []
    for alias in ("default", "other", "default", "other"):
        settings.CHANNELS_CELERY = {"DATABASE": alias}
        with pool.lend() as own:
            lent.append(own)
    assert [own.alias for own in lent] == ["default", "other", "default", "other"]
    assert (lent[0], lent[1]) == (lent[2], lent[3])
    pool.close()
    assert all(own.closed for own in lent)
