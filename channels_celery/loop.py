from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextvars import copy_context
from typing import Any, TypeVar

from asgiref.sync import AsyncToSync

T = TypeVar("T")
logger = logging.getLogger(__name__)

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
#: The parent's, in a forked child: collecting one would close file descriptors that both share.
_abandoned: list[asyncio.AbstractEventLoop] = []


def running() -> asyncio.AbstractEventLoop:
    """The process's own event loop: one daemon thread, started when first asked for."""
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(
                target=_serve, args=[_loop], name="channels_celery-loop", daemon=True
            ).start()
        return _loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    while True:
        try:
            loop.run_forever()
        except BaseException:
            # A task that raised SystemExit has ended by it; the others' loop goes on.
            logger.exception("a task tried to end the process's loop")
        else:
            return


def submit(coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    """Run a coroutine on the process's loop, from any thread but the loop's own."""
    return copy_context().run(_submit, coroutine)


def _submit(coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    # The submitting thread waits for the result: work that asgiref sent back to it would hang.
    AsyncToSync.executors.current = None
    return asyncio.run_coroutine_threadsafe(coroutine, running())


def _forget() -> None:
    global _lock, _loop
    if _loop is not None:
        _abandoned.append(_loop)
    _lock, _loop = threading.Lock(), None


os.register_at_fork(after_in_child=_forget)
