from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from .snapshot import snapshot
from .states import OUTCOMES

POLL_SECONDS = 0.2


def watch(job: UUID, *, seconds: float | None = None) -> Iterator[dict[str, Any]]:
    """The job's snapshot now and after each change, until its outcome or `seconds` have passed."""
    deadline = None if seconds is None else time.monotonic() + seconds
    before = None
    while True:
        known = snapshot(job)
        if known is None:
            return
        # Where the topic is changes with every event of others.
        told = {key: value for key, value in known.items() if key != "position"}
        if told != before:
            yield known
            before = told
        if ended(known) or (deadline is not None and time.monotonic() > deadline):
            return
        time.sleep(POLL_SECONDS)


def ended(known: dict[str, Any]) -> bool:
    """Whether a snapshot shows an outcome."""
    return known["state"] in OUTCOMES
