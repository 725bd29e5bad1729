from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connections
from django.db.backends.signals import connection_created

from channels_celery.database import STATEMENT_TIMEOUT_SECONDS

T = TypeVar("T")

#: Database work of all hubs of this process at once.
THREADS = 4
NAME = "channels_celery-hub"

_lock = threading.Lock()
_executor: ThreadPoolExecutor | None = None


async def run(job: Callable[[], T]) -> T:
    """Run `job` in one of the hub's own threads: Channels' one shared thread is never awaited."""
    return await asyncio.get_running_loop().run_in_executor(_threads(), _keeping, job)


def close() -> None:
    """End the threads and their connections: for tests, whose databases are dropped."""
    global _executor
    with _lock:
        executor, _executor = _executor, None
    if executor is None:
        return
    barrier = threading.Barrier(THREADS)
    for _ in range(THREADS):
        executor.submit(_close_all, barrier)
    executor.shutdown()


def _threads() -> ThreadPoolExecutor:
    global _executor
    with _lock:
        if _executor is None:
            _executor = ThreadPoolExecutor(THREADS, thread_name_prefix=NAME)
        return _executor


def _keeping(job: Callable[[], T]) -> T:
    try:
        return job()
    finally:
        # Rules and accept use Django's own connections. Django ends those with a request; here they
        # stay, whatever CONN_MAX_AGE says, until one breaks.
        for connection in connections.all(initialized_only=True):
            connection.close_at = None
            connection.close_if_unusable_or_obsolete()


def _close_all(barrier: threading.Barrier) -> None:
    connections.close_all()
    # Each thread takes one: none ends before all have closed theirs.
    barrier.wait(timeout=STATEMENT_TIMEOUT_SECONDS)


def _bound(*, connection: Any, **_: Any) -> None:
    """A rule that hangs in the database may not hold a thread of the pool for ever."""
    if not threading.current_thread().name.startswith(NAME) or connection.vendor != "postgresql":
        return
    if not connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS", False):
        # That setting marks a transaction pooler, where a session's settings are everybody's.
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT_SECONDS}s'")


def _forget() -> None:
    global _lock, _executor
    _lock, _executor = threading.Lock(), None


connection_created.connect(_bound, dispatch_uid="channels_celery.topics.pool")
os.register_at_fork(after_in_child=_forget)
