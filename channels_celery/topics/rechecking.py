"""Asking rights again at once: the word that goes to every hub when something may have ended."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.db import connections, transaction

from channels_celery import settings
from channels_celery.errors import BadOption

from . import doorbell, names, outbound, sessions
from .access import Visitor

#: The layer group of all hubs, whatever topics they have.
GROUP = "channels_celery.rights"
TYPE = "topics.recheck"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """Which sockets are asked again: those that fit everything given.

    `session` is the mark of one that has been signed out: nobody is there any more, whatever its
    store still says. `origin` is the process that rang.
    """

    topic: str | None = None
    visitor: str | None = None
    session: str | None = None
    origin: str = ""


listeners: doorbell.Listeners[Recheck] = doorbell.Listeners()


def recheck(*, topic: str | None = None, visitor: Visitor | str | None = None) -> None:
    """Ask again at once who is there and what they may read: a topic's followers, or a visitor's.

    For when that changes which a rule looks at. `visitor` is a Visitor or its id. Inside a
    transaction it waits for the commit. Never blocks; should it be lost, the round of each minute
    does it.
    """
    who = visitor.id if isinstance(visitor, Visitor) else visitor
    if topic is None and who is None:
        raise BadOption("recheck(): expected topic=, or visitor= with an id; got neither.")
    if topic is not None:
        names.check(topic)
    word = Recheck(topic=topic, visitor=who, origin=doorbell.origin())
    caller = connections[settings.current().DATABASE]
    if caller.in_atomic_block:
        transaction.on_commit(partial(_ring, word), using=caller.alias, robust=True)
    else:
        _ring(word)


def word_of(message: Any) -> Recheck | None:
    """The layer's message as a word; the layer is shared, so anything may come."""
    if not isinstance(message, Mapping) or message.get("type") != TYPE:
        return None
    topic, visitor, session = (message.get(key) for key in ("topic", "visitor", "session"))
    given = [value for value in (topic, visitor, session) if value is not None]
    origin = message.get("origin")
    if not given or not isinstance(origin, str) or not all(isinstance(one, str) for one in given):
        return None
    return Recheck(topic=topic, visitor=visitor, session=session, origin=origin)


def _ring(word: Recheck) -> None:
    listeners.tell(word)
    outbound.group_send(GROUP, {"type": TYPE, **asdict(word)})


def _signed_out(*, request: Any = None, **_: Any) -> None:
    """Django says so before it ends the session: to read the session now would be too early."""
    key = getattr(getattr(request, "session", None), "session_key", None)
    if key:
        _ring(Recheck(session=sessions.mark_of(key), origin=doorbell.origin()))


user_logged_out.connect(_signed_out, dispatch_uid="channels_celery.topics.rechecking")
os.register_at_fork(after_in_child=listeners.forget)
