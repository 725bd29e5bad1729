"""A small foreign project whose Celery worker the tests start, kill and watch."""

from __future__ import annotations

from .celery import app

__all__ = ["app"]
