from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from asgiref.sync import AsyncToSync, SyncToAsync

from channels_celery import loop

T = TypeVar("T")


def complete(awaitable: Awaitable[T]) -> T:
    """Run async code on the process's loop, while this thread waits and does its sync parts.

    So database work that it hands to `sync_to_async` stays on the handler's own thread: within
    its transaction, on its connection, under its soft time limit. What interrupts the wait
    cancels the code.
    """
    tasks: list[asyncio.Task[Any] | None] = []

    async def run() -> T:
        tasks.append(asyncio.current_task())
        return await awaitable

    process_loop = loop.running()
    try:
        with _parent(process_loop):
            return AsyncToSync(run)()
    except BaseException:
        for task in tasks:
            if task is not None:
                process_loop.call_soon_threadsafe(task.cancel)
        raise


@contextmanager
def _parent(process_loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Have `AsyncToSync` use this loop, as in a thread that this loop's code has started."""
    here: Any = SyncToAsync.threadlocal
    before = dict(vars(here))
    here.main_event_loop, here.main_event_loop_pid = process_loop, os.getpid()
    try:
        yield
    finally:
        vars(here).clear()
        vars(here).update(before)
