"""The sessions and users of many sockets, each by one query where Django's own keep them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string

from . import sessions


class Peek(dict[str, Any]):
    """A session's values to look at: what `get_user` would change in the session stays unchanged.

    A changed key could not reach the browser, since a websocket sets no cookies.
    """

    def cycle_key(self) -> None:
        pass

    def flush(self) -> None:
        pass


class Lookup:
    """What was read at once; what it has not is asked for by itself."""

    def __init__(self, keys: Collection[str] = ()) -> None:
        self._values = sessions.values_of_all(keys)
        self._users = _users_of(self._values.values())

    def values(self, key: str | None) -> Mapping[str, Any]:
        """What the session of this key holds now."""
        found = self._values.get(key or "")
        return sessions.values_of(key) if found is None else found

    def user(self, values: Mapping[str, Any]) -> Any:
        """The session's user as Django's `get_user` says, which is asked about any but its own."""
        if not _is_plain(values):
            return auth.get_user(SimpleNamespace(session=Peek(values)))  # type: ignore[arg-type]
        user = self._users.get(str(values[auth.SESSION_KEY]))
        if user is None:
            return auth.get_user(SimpleNamespace(session=Peek(values)))  # type: ignore[arg-type]
        hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
        given = values.get(auth.HASH_SESSION_KEY) or ""
        verified = any(constant_time_compare(given, one) for one in hashes)
        able = _backend(values).user_can_authenticate(user)
        return user if verified and able else AnonymousUser()


def _users_of(all_values: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    model: Any = auth.get_user_model()
    keys = set()
    for values in all_values:
        if _is_plain(values):
            # A session from before the model changed is left to Django.
            with suppress(ValidationError):
                keys.add(model._meta.pk.to_python(values[auth.SESSION_KEY]))
    found = model._default_manager.in_bulk(keys) if keys else {}
    return {str(user.pk): user for user in found.values()}


def _is_plain(values: Mapping[str, Any]) -> bool:
    """Whether the session's user is found and checked by Django's own backend, unchanged."""
    path = values.get(auth.BACKEND_SESSION_KEY)
    if path not in settings.AUTHENTICATION_BACKENDS or auth.SESSION_KEY not in values:
        return False
    backend = type(_backend(values))
    return issubclass(backend, ModelBackend) and backend.get_user is ModelBackend.get_user


def _backend(values: Mapping[str, Any]) -> Any:
    return import_string(values[auth.BACKEND_SESSION_KEY])()
