from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Unpack
from uuid import UUID

from asgiref.sync import sync_to_async
from django.utils.asyncio import async_unsafe

from channels_celery import database, writer
from channels_celery.database import Session
from channels_celery.repeat import once_more

from . import ledger
from .ledger import NewJob
from .request import SendOptions, prepare


@dataclass(frozen=True, slots=True)
class Receipt:
    """What `send` accepted: the job's id; `duplicate` when an open job had the unique key."""

    id: UUID
    duplicate: bool


def send(channel: str, message: dict[str, Any], **options: Unpack[SendOptions]) -> Receipt:
    """Accept a message for a background channel; joins the transaction open on this thread.

    Once this has returned and that transaction has committed, the job is kept whatever happens to
    broker, worker or web server. Everything is checked first: a refusal accepts nothing. Raises
    DatabaseAway, UnknownChannel, BadMessage, TooLarge or BadOption.
    """
    return _accept(prepare(channel, message, **options))


async def asend(channel: str, message: dict[str, Any], **options: Unpack[SendOptions]) -> Receipt:
    """The twin of `send` for async code.

    Under `async_to_sync` it joins the transaction of the thread that waits; else it returns after
    its own commit, which it may share with what others send at the same moment.
    """
    new = prepare(channel, message, **options)
    if writer.caller_thread():
        return await sync_to_async(_accept, thread_sensitive=True)(new)
    order = f"job {new.channel} {new.unique_key or ''}"
    return await writer.write(order, partial(_receipt, new))


@async_unsafe("send() waits for the database: in async code write `await asend(...)`.")
def _accept(new: NewJob) -> Receipt:
    """Insert in the caller's transaction, else in one statement on a connection of our own."""
    # The job's id makes a second try harmless.
    return once_more(partial(_insert, new))


def _insert(new: NewJob) -> Receipt:
    with database.session() as session:
        return _receipt(new, session)


def _receipt(new: NewJob, session: Session) -> Receipt:
    inserted = ledger.insert(session, new)
    return Receipt(inserted.id, inserted.duplicate)
