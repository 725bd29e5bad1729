from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from uuid import uuid4

import pytest

from channels_celery.errors import BadMessage
from channels_celery.jobs import lease, ledger
from channels_celery.jobs.handle import Job
from channels_celery.jobs.ledger import Claim, Renewal
from tests.services import until


def claim() -> Claim:
    return Claim(
        id=uuid4(), run="run", channel="thumbs", message={}, attempt=1, max_attempts=4, fence=1,
        topic="", reply_channel="", headers={}, created=0, at=0,
    )  # fmt: skip


def test_leases_are_renewed_after_an_error_that_nobody_expects(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.CHANNELS_CELERY = {"HEARTBEAT_SECONDS": 0.02}
    tried: list[object] = []

    @contextmanager
    def session() -> Iterator[object]:
        tried.append(object())
        if len(tried) == 1:
            raise RuntimeError("a driver's own")
        yield tried[-1]

    monkeypatch.setattr(lease, "session", session)
    monkeypatch.setattr(ledger, "renew", lambda *_, **__: Renewal(cancel=True))
    with lease.held(claim(), lambda _: None) as held:
        until(lambda: held.cancelled, what="the second renewal", seconds=5)


@pytest.mark.parametrize("given", [(1.5, 2), (1, None), (10**5000, 10**5000), (0, -(2**53))])
def test_progress_is_two_numbers_that_a_browser_can_count(given: tuple[int, int]) -> None:
    with pytest.raises(BadMessage, match="expected two whole numbers below"):
        Job(cast("Any", claim()), 0.0).progress(*given)
