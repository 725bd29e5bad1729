from __future__ import annotations

import time

from . import client
from .site import Site

JOBS = 20_000
WATCH_SECONDS = 60.0
#: For the answer to a thousand acceptances in one transaction.
FLOOD_SECONDS = 120.0
LOOK_SECONDS = 0.25
QUEUE = "celery"


def most_messages(site: Site) -> int:
    """Send many jobs to slow workers, watch the broker; the most messages that it held."""
    most = 0
    for _ in range(JOBS // 1_000):
        client.post(site.url, "/flood/", {}, seconds=FLOOD_SECONDS)
        most = max(most, _messages(site))
    deadline = time.monotonic() + WATCH_SECONDS
    while time.monotonic() < deadline:
        most = max(most, _messages(site))
        time.sleep(LOOK_SECONDS)
    return most


def _messages(site: Site) -> int:
    return int(site.redis_says("LLEN", QUEUE))
