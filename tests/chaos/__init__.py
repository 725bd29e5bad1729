"""`make chaos`: a small site under faults, judged by what a client outside wrote down."""

from __future__ import annotations

from .celery import app

__all__ = ["app"]
