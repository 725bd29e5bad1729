"""What the worker's pool lets us do to a handler that does not end by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Any

from celery import signals
from celery.concurrency import prefork

from .options import Options

_main: int | None = None
_child: int | None = None


def connect() -> None:
    """Attach to Celery's signals, which tell a pool's child from its worker's main process."""
    signals.celeryd_init.connect(_note_main, dispatch_uid="channels_celery.main")
    signals.worker_process_init.connect(_note_child, dispatch_uid="channels_celery.child")


def _note_main(**_: Any) -> None:
    global _main
    _main = os.getpid()


def _note_child(**_: Any) -> None:
    # The solo pool sends this signal too, from the main process.
    global _child
    _child = None if os.getpid() == _main else os.getpid()


def has_children(pool: Any) -> bool:
    """Whether this worker's pool runs handlers in processes of their own."""
    return isinstance(pool, prefork.TaskPool)


def shortcomings(pool: Any, channels: Mapping[str, Options]) -> str | None:
    """What this pool can not enforce, in one sentence; None: it enforces everything."""
    if has_children(pool):
        return None
    kind = type(pool).__module__.rpartition(".")[2]
    limited = sorted(
        name
        for name, options in channels.items()
        if options.time_limit is not None or options.soft_time_limit is not None
    )
    limits = f"time limits ({', '.join(limited)}) are not enforced, and " if limited else ""
    return (
        f"The {kind} pool can not end a handler: {limits}a handler whose job was cancelled goes on,"
        " though its outcome counts no more. The prefork pool can."
    )


def end_this_child() -> None:
    """End this process if it is a pool's child, which its worker replaces; else do nothing."""
    if _child == os.getpid():
        os.kill(_child, signal.SIGKILL)
