"""Who is at a socket's other end now and what it may still read: for the hub's threads."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError

from channels_celery.errors import DatabaseAway

from . import sessions, tokens
from .access import Access, Refused, Visitor, access_of
from .lookup import Lookup
from .visitors import visitor_now

logger = logging.getLogger("channels_celery.topics")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a socket came with and the topics it follows."""

    scope: Mapping[str, Any]
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is there, and what each topic asked for grants."""

    visitor: Visitor
    access: Mapping[str, Access]


#: Refused: credentials that hold no more. None: nobody could say, which ends nothing.
Found = Standing | Refused | None


def standings(asked: Sequence[Asked]) -> list[Found]:
    """The standing of each socket; DatabaseAway when there is no answer."""
    once = _Once(one.scope for one in asked)
    return [_found(once, one) for one in asked]


def _found(once: _Once, asked: Asked) -> Found:
    try:
        visitor = once.visitor(asked.scope)
        return Standing(visitor, {name: once.access(visitor, name) for name in asked.topics})
    except Refused as refused:
        return refused
    except DatabaseAway:
        raise
    except Exception:
        logger.exception("who is at a socket could not be asked again")
        return None


class _Once:
    """What sockets share is asked once: the tabs of one session are one visitor."""

    def __init__(self, scopes: Iterable[Mapping[str, Any]]) -> None:
        keys = {key for scope in scopes if (key := sessions.key_of(scope)) is not None}
        try:
            self._lookup = Lookup(keys)
        except (OperationalError, InterfaceError) as error:
            raise DatabaseAway from error
        self._visitors: dict[str | None, Visitor] = {}
        #: With the visitor itself: by its identity an entry is found again.
        self._access: dict[tuple[int, str], tuple[Visitor, Access]] = {}

    def visitor(self, scope: Mapping[str, Any]) -> Visitor:
        if "user" in scope or "session" in scope:
            # A stack above has decided, by more than the cookie.
            return visitor_now(scope, self._lookup)
        token = tokens.of_scope(scope)
        key = sessions.key_of(scope) if token is None else f"Bearer {token}"
        if key not in self._visitors:
            self._visitors[key] = visitor_now(scope, self._lookup)
        return self._visitors[key]

    def access(self, visitor: Visitor, topic: str) -> Access:
        key = id(visitor), topic
        if key not in self._access:
            self._access[key] = visitor, access_of(visitor, topic)
        return self._access[key][1]
