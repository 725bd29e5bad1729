"""Publishing on behalf of visitors: what a socket sends, under the rights its rule grants."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from channels_celery import settings
from channels_celery.database import session
from channels_celery.errors import BadMessage, ChannelsCeleryError, TooLarge
from channels_celery.repeat import once_more

from . import doorbell, drafting, log
from .access import Accept, Access, Refused, Visitor
from .events import Draft, Event
from .log import Appended

logger = logging.getLogger("channels_celery.topics")

#: Types that begin so are the server's own: a browser can not forge a job's result.
RESERVED = ("job.", "presence.", "topic.")


class _AlreadyKnown(ChannelsCeleryError):
    """The same `mid` came by another way meanwhile: what `accept` wrote for it is rolled back."""

    def __init__(self, appended: Appended) -> None:
        super().__init__()
        self.appended = appended


def publish_from(
    visitor: Visitor, access: Access, topic: str, mid: str, type: str, data: Any
) -> Appended:
    """Store a visitor's event, `seq` and all; the same `mid` again returns the first one.

    `access.accept` and its rows share the event's transaction; a repeated `mid` does not reach
    it. Raises Refused, or DatabaseAway: then the same `mid` may be sent again.
    """
    _check(visitor, access.publish, type)
    with _refusing():
        draft = drafting.draft_by(visitor, topic, mid, type, data)
    return once_more(lambda: _stored(visitor, access.accept, draft, data))


def whisper_from(visitor: Visitor, access: Access, topic: str, type: str, data: Any) -> None:
    """Tell whoever follows the topic now, the sender too. Never blocks, so `accept` is not asked.

    Raises Refused.
    """
    _check(visitor, access.whisper, type)
    with _refusing():
        doorbell.ring(drafting.volatile(topic, type, data, by=visitor))


def _check(visitor: Visitor, granted: tuple[str, ...], type: object) -> None:
    if isinstance(type, str) and type.startswith(RESERVED):
        raise Refused("reserved", f"Types that begin with {', '.join(RESERVED)} are the server's.")
    if visitor.id is None:
        raise Refused("denied", "Without a session nothing can be sent; load a page first.")
    if type not in granted:
        raise Refused("denied", "You may not send this type here.")


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except TooLarge as error:
        raise Refused("too_large", str(error)) from None
    except BadMessage as error:
        raise Refused("bad_request", str(error)) from None


def _stored(visitor: Visitor, accept: Accept | None, draft: Draft, data: Any) -> Appended:
    if accept is None:
        with session() as current:
            return log.append(current, draft)
    if (event := _known(draft)) is not None:
        return Appended(event, duplicate=True)
    try:
        with transaction.atomic(using=settings.current().DATABASE):
            made = _append(_ask(accept, visitor, draft, data))
    except _AlreadyKnown as known:
        made = known.appended
    # The commit has numbered it.
    return Appended(_known(draft) or made.event, duplicate=made.duplicate)


def _known(draft: Draft) -> Event | None:
    with session() as current:
        return log.known(current, draft)


def _append(draft: Draft) -> Appended:
    with session() as current:
        appended = log.append(current, draft)
    if appended.duplicate:
        raise _AlreadyKnown(appended)
    return appended


def _ask(accept: Accept, visitor: Visitor, draft: Draft, data: Any) -> Draft:
    """The event as `accept` lets it pass."""
    try:
        kept = accept(visitor, draft.type, data)
        return draft if kept is None else drafting.with_data(draft, kept)
    except (Refused, OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("topic %s: accept of %s failed", draft.topic, draft.type)
        raise Refused("denied", "This could not be accepted.") from error
