"""What a test may not leave in its process, where another that runs later would find it.

Tests run in any order, on any worker. What has an owner must be as the test found it, else that
test fails, and not some other on another day; what is only kept for whoever asks next is put away.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Any

import pytest

#: Threads that a process starts once, when they are first needed, and keeps.
LASTING = (
    "channels_celery-loop",
    "channels_celery-writer",
    "channels_celery.hints",
    "channels_celery.lease",
    "asyncio-waitpid-",  # Playwright's, whose browser stands
)
#: A thread that has just been told to end may take so long.
END_SECONDS = 5.0
SIGNALS = (signal.SIGTERM, signal.SIGINT)

Found = dict[str, Any]


def found() -> Found:
    """The state of the process that every test shares, by its name."""
    from django.conf import settings

    from channels_celery.jobs import hints, mirror, pools, registry
    from channels_celery.topics import access, doorbell, hub, pool, rechecking

    return {
        "channels": (id(registry._handlers), frozenset(registry._handlers)),
        "rules of topics": (id(access._rules), frozenset(access._rules)),
        "settings": (
            id(vars(settings)["_wrapped"]),
            repr(getattr(settings, "CHANNELS_CELERY", None)),
        ),
        "hubs": tuple(hub._hubs.values()),
        "ears of hubs": (doorbell.listeners._heard, rechecking.listeners._heard),
        "threads of hubs": pool._executor,
        "publisher of hints": hints._publisher,
        "marks of a worker's processes": (pools._main, pools._child),
        "Celery's app": mirror.project_app(),
        "environment": {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"},
        "working folder": os.getcwd(),
        "search path": frozenset(sys.path),
        "handlers of signals": [signal.getsignal(number) for number in SIGNALS],
        "threads": _threads(),
    }


def put_away() -> None:
    """End what may be begun anew at any time: it belongs to no test."""
    from channels.layers import channel_layers
    from django.core.cache import caches

    from channels_celery import database
    from channels_celery.topics import outbound

    database.close_idle()
    channel_layers.backends.clear()
    outbound._mute_until = 0.0
    for cache in caches.all(initialized_only=True):
        cache.clear()


def check(before: Found) -> None:
    """Fail the test that has just ended if it has left anything."""
    deadline = time.monotonic() + END_SECONDS
    while changed := _changed(before, after := found()):
        if changed != ["threads"] or time.monotonic() > deadline:
            lines = [f"  {name}: {before[name]!r} is now {after[name]!r}" for name in changed]
            pytest.fail("\n".join(["Another test would find:", *lines]), pytrace=False)
        time.sleep(0.01)


def _changed(before: Found, after: Found) -> list[str]:
    changed = [name for name in after if after[name] != before[name]]
    if "threads" in changed and after["threads"] <= before["threads"]:
        changed.remove("threads")
    return changed


def _threads() -> frozenset[threading.Thread]:
    from asgiref.sync import SyncToAsync

    lasting = SyncToAsync.single_thread_executor._threads
    alive = threading.enumerate()
    return frozenset(
        one for one in alive if not one.name.startswith(LASTING) and one not in lasting
    )
