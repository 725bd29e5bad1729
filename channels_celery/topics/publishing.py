"""Publishing on topics, by the server's own code."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async

from channels_celery import writer
from channels_celery.database import session
from channels_celery.repeat import once_more

from . import doorbell, drafting, log, names, reading
from .events import Draft, Event, Position
from .submitting import publish_from, whisper_from


def publish(topic: str, type: str, data: Any, *, key: str | None = None) -> Event:
    """Append a durable event: with the transaction that is open on this thread, or at once.

    `key` makes it once-only: while the log keeps the event, the same key again returns that one.
    Inside a transaction the event's `seq` is None: it is numbered and announced after commit.
    """
    return _store(drafting.draft(topic, type, data, mid=key))


async def apublish(topic: str, type: str, data: Any, *, key: str | None = None) -> Event:
    """The twin of `publish`: under `async_to_sync` it joins the waiting caller's transaction."""
    draft = drafting.draft(topic, type, data, mid=key)
    if writer.caller_thread():
        return await sync_to_async(_store)(draft)
    appended = await writer.write(topic, lambda current: log.append(current, draft))
    return appended.event


def whisper(topic: str, type: str, data: Any) -> None:
    """Tell whoever follows the topic now: not stored, no `seq`, may be lost. Never blocks."""
    doorbell.ring(drafting.volatile(topic, type, data))


async def awhisper(topic: str, type: str, data: Any) -> None:
    """The twin of `whisper`."""
    whisper(topic, type, data)


def position(topic: str) -> Position:
    """Where the topic is now: take it first, then read the state that a page shows."""
    names.check(topic)
    return once_more(lambda: reading.position(topic))


def read(topic: str, since: Position | None = None, limit: int = 100) -> reading.Page:
    """Up to `limit` events after `since`; None reads from the start of what is kept."""
    names.check(topic)
    return once_more(lambda: _read(topic, since, limit))


def _read(topic: str, since: Position | None, limit: int) -> reading.Page:
    with session() as current:
        return reading.read(current, topic, since, limit)


def _store(draft: Draft) -> Event:
    return once_more(lambda: _append(draft))


def _append(draft: Draft) -> Event:
    with session() as current:
        return log.append(current, draft).event


__all__ = [
    "apublish",
    "awhisper",
    "position",
    "publish",
    "publish_from",
    "read",
    "whisper",
    "whisper_from",
]
