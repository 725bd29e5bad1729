from __future__ import annotations

import pytest
from celery.concurrency import prefork, solo, thread

from channels_celery.jobs import pools
from channels_celery.jobs.options import Options

CHANNELS = {"b": Options(), "a": Options(time_limit=2), "free": Options(time_limit=None)}


def test_prefork_enforces_everything() -> None:
    assert pools.shortcomings(prefork.TaskPool(1), CHANNELS) is None


def test_other_pools_name_what_they_can_not_enforce(monkeypatch: pytest.MonkeyPatch) -> None:
    # The solo pool says that it is a child, with the signal that marks one.
    monkeypatch.setattr(pools, "_child", None)
    told = pools.shortcomings(thread.TaskPool(1), CHANNELS)
    assert told is not None
    assert told.startswith("The thread pool can not end a handler: time limits (a, b) are not")
    unlimited = pools.shortcomings(solo.TaskPool(1), {"free": CHANNELS["free"]})
    assert unlimited is not None
    assert unlimited.startswith("The solo pool can not end a handler: a handler whose")
