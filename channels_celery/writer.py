"""Group commit for async senders: many rows, one transaction, one thread a process."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from asgiref.sync import AsyncToSync

from .database import Session, session
from .errors import DatabaseAway
from .repeat import once_more

T = TypeVar("T")

#: Rows of one transaction at most.
BATCH = 64
#: How long the rows of a failed batch are tried one by one.
REPEAT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Entry:
    order_key: str
    operation: Callable[[Session], Any]
    future: asyncio.Future[Any]


#: Whose future it is, its result, or its error.
_Told = tuple[_Entry, Any, Exception | None]

_lock = threading.Lock()
_queue: SimpleQueue[_Entry] | None = None


async def write(order_key: str, operation: Callable[[Session], T]) -> T:
    """Run `operation(session)` on the writer's connection; returns after its commit.

    The first goes at once and alone, so it must be whole in autocommit too. What arrives meanwhile
    shares the next transaction, ordered by `order_key`, so that two processes lock topics in one
    order. A batch that fails is repeated
    row by row: an operation may run twice, and only its own error comes back to its caller, or
    DatabaseAway.
    """
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    _entries().put(_Entry(order_key, operation, future))
    return await future


def caller_thread() -> bool:
    """Whether a sync thread waits above this coroutine, by `async_to_sync`.

    It may have a transaction open: the sync twin, run there by `sync_to_async`, joins it. The
    writer's own connection would wait for that transaction's locks, and it for the writer.
    """
    executor: Any = getattr(AsyncToSync.executors, "current", None)
    if executor is None:
        executor = AsyncToSync.loop_thread_executors.get(asyncio.get_running_loop())
    # A task that outlived its caller finds executors that have ended.
    while executor is not None and getattr(executor, "_broken", False):
        executor = getattr(executor, "_old_executor", None)
    return executor is not None


def _entries() -> SimpleQueue[_Entry]:
    global _queue
    with _lock:
        if _queue is None:
            _queue = SimpleQueue()
            threading.Thread(
                target=_work, args=(_queue,), name="channels_celery-writer", daemon=True
            ).start()
        return _queue


def _work(queue: SimpleQueue[_Entry]) -> None:
    while True:
        batch = [queue.get()]
        try:
            while len(batch) < BATCH:
                batch.append(queue.get_nowait())
        except Empty:
            pass
        taken = [entry for entry in batch if not entry.future.cancelled()]
        _commit(sorted(taken, key=lambda entry: entry.order_key))


def _commit(batch: list[_Entry]) -> None:
    try:
        results = _run(batch)
    except Exception as error:  # noqa: BLE001 - it belongs to one of the rows
        _row_by_row(batch, error)
        return
    _tell([(entry, result, None) for entry, result in zip(batch, results, strict=True)])


def _row_by_row(batch: list[_Entry], error: Exception) -> None:
    deadline = time.monotonic() + REPEAT_SECONDS
    for entry in batch:
        try:
            # A database that is away costs each row its time-outs: the rest is told at once.
            if time.monotonic() > deadline:
                raise DatabaseAway from error
            (result,) = once_more(partial(_run, [entry]))
        except Exception as own:  # noqa: BLE001 - told to whoever wrote the row
            _tell([(entry, None, own)])
        else:
            _tell([(entry, result, None)])


def _tell(told: Sequence[_Told]) -> None:
    """Wake each loop once for all its rows: a call for each costs as much as the row."""
    loops = {entry.future.get_loop() for entry, _, _ in told}
    for loop in loops:
        own = [one for one in told if one[0].future.get_loop() is loop]
        # RuntimeError: it is closed, nobody waits there.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, own)


def _settle(told: Sequence[_Told]) -> None:
    for entry, result, error in told:
        if entry.future.done():
            # Whoever waited was cancelled.
            continue
        if error is None:
            entry.future.set_result(result)
        else:
            entry.future.set_exception(error)


def _run(batch: list[_Entry]) -> list[Any]:
    with session() as current:
        if len(batch) == 1:
            # BEGIN and COMMIT would be two more round trips.
            return [batch[0].operation(current)]
        with current.transaction():
            return [entry.operation(current) for entry in batch]


def _forget() -> None:
    global _lock, _queue
    _lock, _queue = threading.Lock(), None


os.register_at_fork(after_in_child=_forget)
