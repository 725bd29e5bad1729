"""What one writes without the library: the hand-written glue, `runworker`, bare Channels."""

from __future__ import annotations

from .celery import app

__all__ = ["app"]
