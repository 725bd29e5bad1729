from __future__ import annotations

from typing import Any

from celery import signals

from .sandbox import client


def connect() -> None:
    signals.worker_init.connect(_start, dispatch_uid="thumbnailer.sandbox")


def _start(**_: Any) -> None:
    """A worker's main starts the sandbox's server once, for itself and the children it forks."""
    client.current()
