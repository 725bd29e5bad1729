from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, connections
from django.utils.asyncio import async_unsafe

from channels_celery import database, settings, writer
from channels_celery.database import Session
from channels_celery.errors import DatabaseAway

from . import ledger
from .ledger import NewJob
from .request import prepare

#: A statement that fails sooner met a connection that broke while it was idle.
_BROKEN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What `send` accepted: the job's id; `duplicate` when an open job had the unique key."""

    id: UUID
    duplicate: bool


def send(
    channel: str,
    message: dict[str, Any],
    *,
    topic: str | None = None,
    reply_channel: str | None = None,
    countdown: float | timedelta | None = None,
    eta: datetime | None = None,
    expires: float | timedelta | datetime | None = None,
    unique_key: str | None = None,
) -> Receipt:
    """Accept a message for a background channel; joins the transaction open on this thread.

    Once this has returned and that transaction has committed, the job is kept whatever happens to
    broker, worker or web server. Everything is checked first: a refusal accepts nothing.
    """
    new = prepare(
        channel,
        message,
        topic=topic,
        reply_channel=reply_channel,
        countdown=countdown,
        eta=eta,
        expires=expires,
        unique_key=unique_key,
    )
    return _accept(new)


async def asend(
    channel: str,
    message: dict[str, Any],
    *,
    topic: str | None = None,
    reply_channel: str | None = None,
    countdown: float | timedelta | None = None,
    eta: datetime | None = None,
    expires: float | timedelta | datetime | None = None,
    unique_key: str | None = None,
) -> Receipt:
    """The twin of `send` for async code.

    Under `async_to_sync` it joins the transaction of the thread that waits; else it returns after
    its own commit.
    """
    new = prepare(
        channel,
        message,
        topic=topic,
        reply_channel=reply_channel,
        countdown=countdown,
        eta=eta,
        expires=expires,
        unique_key=unique_key,
    )
    if writer.caller_thread():
        return await sync_to_async(_accept, thread_sensitive=True)(new)
    return await _write(new)


@async_unsafe("send() waits for the database: in async code write `await asend(...)`.")
def _accept(new: NewJob) -> Receipt:
    """Insert in the caller's transaction, else in one statement on a connection of our own."""
    began = time.monotonic()
    with _away():
        try:
            return _insert(new)
        except (OperationalError, InterfaceError):
            if _joins() or not _broken(began):
                raise
        return _insert(new)


async def _write(new: NewJob) -> Receipt:
    """Insert together with what others send at the same moment, in the writer's order."""
    order = f"job {new.channel} {new.unique_key or ''}"
    began = time.monotonic()
    with _away():
        try:
            return await writer.write(order, lambda session: _receipt(session, new))
        except (OperationalError, InterfaceError):
            if not _broken(began):
                raise
        return await writer.write(order, lambda session: _receipt(session, new))


def _insert(new: NewJob) -> Receipt:
    with database.session() as session:
        return _receipt(session, new)


def _receipt(session: Session, new: NewJob) -> Receipt:
    inserted = ledger.insert(session, new)
    return Receipt(inserted.id, inserted.duplicate)


def _joins() -> bool:
    return connections[settings.current().DATABASE].in_atomic_block


def _broken(began: float) -> bool:
    """Whether a try on a new connection is worth it; the job's id makes the second one harmless."""
    if time.monotonic() - began > _BROKEN_SECONDS:
        return False
    database.close_idle()
    return True


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        alias = settings.current().DATABASE
        raise DatabaseAway(
            f"The database {alias!r} did not take the job, nothing was accepted: {error}"
        ) from error
