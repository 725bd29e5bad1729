"""Django's session of a websocket, as its cookie names it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.http import parse_cookie
from django.utils import timezone


def key_of(scope: Mapping[str, Any]) -> str | None:
    """The session's key: a secret, which stays in this process."""
    key = getattr(scope.get("session"), "session_key", None)
    if key is None:
        headers: Iterable[tuple[bytes, bytes]] = scope.get("headers", ())
        cookies = "; ".join(value.decode("latin-1") for name, value in headers if name == b"cookie")
        key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME)
    # A quoted cookie can hold any character; a store's database fails on some of them.
    return key if key and key.isprintable() else None


def mark_of(key: str | None) -> str:
    """What tells a session from others without telling its key; empty for none."""
    return sha256(key.encode()).hexdigest() if key else ""


def values_of(key: str | None) -> dict[str, Any]:
    """What the session holds now, for a thread that may wait for its store; only read."""
    if key is None:
        return {}
    return dict(_store()(key).items())


def values_of_all(keys: Collection[str]) -> dict[str, dict[str, Any]]:
    """The same for several sessions by one query, where Django's own table keeps them; else none.

    Of another store the values are asked for one by one: a cache is quick.
    """
    store = _store()
    own = issubclass(store, DatabaseStore) and store.load is DatabaseStore.load
    if not own or not keys:
        return {}
    rows = store.get_model_class()._default_manager.filter(
        session_key__in=keys, expire_date__gt=timezone.now()
    )
    kept = {row.session_key: store().decode(row.session_data) for row in rows}
    return {key: kept.get(key, {}) for key in keys}


def _store() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore
