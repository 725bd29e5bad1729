"""Who is there: the Visitor of a request or of a websocket's scope, by Django's session."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest

from channels_celery.errors import DatabaseAway

from . import sessions, tokens
from .access import Refused, Visitor
from .lookup import Lookup

#: Where a session keeps its guest's id; it stays at sign-in, when the session's key changes.
SESSION_KEY = "channels_celery_visitor"

#: What a visitor's column holds: one that does not fit would fail in statements of many.
ID_LENGTH = 64

_GUEST = re.compile(r"g[0-9a-f]{20}")


def visitor(request: HttpRequest, *, bearer: bool = False) -> Visitor:
    """The request's Visitor; a session without a guest's id gets one.

    With `bearer` a token in `Authorization` comes first; a wrong or ended one raises Refused. For
    views that ask a rule, which alone heeds what the token is for; other views know no tokens.
    """
    if bearer and (token := _token_of(request)) is not None:
        return _of_token(token)
    session: Any = getattr(request, "session", None)
    user: Any = getattr(request, "user", AnonymousUser())
    if session is not None and not user.is_authenticated and SESSION_KEY not in session:
        session[SESSION_KEY] = f"g{secrets.token_hex(10)}"
    return _visitor(user, session or {})


def visitor_of_scope(scope: Mapping[str, Any], lookup: Lookup | None = None) -> Visitor:
    """The Visitor of an ASGI scope, for a thread that may wait for the database.

    A user or session that a stack above has set is taken; else Django's session is looked up by
    the cookie in the headers, and only read. A bearer token comes first. Raises DatabaseAway when
    nobody can say who it is, and Refused for a wrong token.
    """
    try:
        if (token := tokens.of_scope(scope)) is not None:
            return _of_token(token)
        lookup = lookup or Lookup()
        if "session" in scope:
            return _who(scope.get("user"), scope["session"], lookup)
        return _who(scope.get("user"), lookup.values(sessions.key_of(scope)), lookup)
    except (OperationalError, InterfaceError) as error:
        raise DatabaseAway from error


def visitor_now(scope: Mapping[str, Any], lookup: Lookup) -> Visitor:
    """The same, asked again: the session is read anew, and the user if it came from there."""
    try:
        if (token := tokens.of_scope(scope)) is not None:
            return _of_token(token)
        user, session = scope.get("user"), scope.get("session")
        if user is not None and session is not None and _is_of(user, session):
            user = None
        key = sessions.key_of(scope)
        if key is None and session is not None:
            # There is nothing to read it by.
            return _who(user, session, lookup)
        return _who(user, lookup.values(key), lookup)
    except (OperationalError, InterfaceError) as error:
        raise DatabaseAway from error


def _token_of(request: HttpRequest) -> str | None:
    given = tokens.of_header(request.headers.get("Authorization", ""))
    user = getattr(request, "user", AnonymousUser())
    # Middleware of the project's own has read its own kind of token.
    return None if given and user.is_authenticated and not tokens.is_ours(given) else given


def _of_token(text: str) -> Visitor:
    claims = tokens.claims_of(text)
    if claims.user is None:
        return Visitor(AnonymousUser(), claims.id, claims.name, claims.topics)
    user: Any = auth.get_user_model()._default_manager.filter(pk=claims.user).first()
    if user is None or not user.is_active or claims.mark not in tokens.marks_of(user):
        raise Refused(tokens.CODE, "The token's user has changed; ask for another one.")
    return replace(signed_in(user), reach=claims.topics)


def _is_of(user: Any, session: Mapping[str, Any]) -> bool:
    """Whether the session says that it is this user; guests are what a session has for nobody."""
    return not user.is_authenticated or session.get(auth.SESSION_KEY) == str(user.pk)


def _who(user: Any, session: Mapping[str, Any], lookup: Lookup) -> Visitor:
    if user is None:
        user = lookup.user(session)
    return _visitor(user, session)


def signed_in(user: Any) -> Visitor:
    """The Visitor of a user; a key that is too long for an id is told by its digest."""
    key = f"u{user.pk}"
    if len(key) > ID_LENGTH:
        key = f"u{sha256(key.encode()).hexdigest()[:40]}"
    # Others read the name: of an address, only the part before the @.
    return Visitor(user=user, id=key, name=str(user.get_username()).partition("@")[0])


def guest(known: object) -> Visitor:
    """The Visitor of a guest's id; one without an id, if that is none."""
    if not isinstance(known, str) or not _GUEST.fullmatch(known):
        return Visitor(user=AnonymousUser(), id=None, name="Guest")
    return Visitor(user=AnonymousUser(), id=known, name=f"Guest {known[1:5]}")


def _visitor(user: Any, session: Mapping[str, Any]) -> Visitor:
    return signed_in(user) if user.is_authenticated else guest(session.get(SESSION_KEY))
