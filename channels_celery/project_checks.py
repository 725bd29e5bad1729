"""What of a project's own settings breaks a promise of the library."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Any

from django.apps import AppConfig
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import router

from . import settings

#: The first Daphne that answers while a file is uploaded slowly, and closes what it refuses.
DAPHNE_AT_LEAST = (4, 2, 2)

Apps = Sequence[AppConfig] | None


@register
def check_project(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    """Routers, sessions, server and requests, as far as settings tell."""
    return [*_router(), *_sessions(), *_daphne(), *_atomic_requests()]


def _router() -> Iterator[CheckMessage]:
    alias = settings.alias("DATABASE")
    if alias in django_settings.DATABASES and not router.allow_migrate(alias, "channels_celery"):
        yield Error(
            f"DATABASE_ROUTERS keep the ledger's tables out of {alias!r}, where it works.",
            hint="Let allow_migrate(db, app_label, …) return True or None for"
            f" db={alias!r}, app_label='channels_celery'.",
            id="channels_celery.E016",
        )


def _sessions() -> Iterator[CheckMessage]:
    if django_settings.SESSION_ENGINE == "django.contrib.sessions.backends.signed_cookies":
        yield Warning(
            "Sessions are kept in signed cookies, which nothing can revoke: a socket of somebody"
            " who has logged out elsewhere goes on as them.",
            hint="Set SESSION_ENGINE to 'django.contrib.sessions.backends.db' or 'cached_db'.",
            id="channels_celery.W017",
        )
    elif _sessions_of_one_process():
        yield Warning(
            "Sessions are kept in the memory of each process: another process, and each after a"
            " restart, takes people on their sockets for strangers.",
            hint="Set SESSION_ENGINE to 'django.contrib.sessions.backends.db' or 'cached_db', or"
            " CACHES to a cache that processes share.",
            id="channels_celery.W022",
        )


def _sessions_of_one_process() -> bool:
    if django_settings.SESSION_ENGINE != "django.contrib.sessions.backends.cache":
        return False
    cache = django_settings.CACHES.get(django_settings.SESSION_CACHE_ALIAS, {})
    return str(cache.get("BACKEND", "")).endswith((".LocMemCache", ".DummyCache"))


def _daphne() -> Iterator[CheckMessage]:
    found = _daphne_version()
    if found is not None and found < DAPHNE_AT_LEAST:
        least = ".".join(map(str, DAPHNE_AT_LEAST))
        yield Warning(
            f"Daphne is {'.'.join(map(str, found))}, with known faults in requests that stall.",
            hint=f"Install daphne {least} or newer.",
            id="channels_celery.W018",
        )


def _daphne_version() -> tuple[int, ...] | None:
    try:
        version = metadata.version("daphne")
    except metadata.PackageNotFoundError:
        return None
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else None


def _atomic_requests() -> Iterator[CheckMessage]:
    alias = settings.alias("DATABASE")
    given = django_settings.DATABASES.get(alias, {})
    options = given.get("OPTIONS") or {}
    if (
        given.get("ATOMIC_REQUESTS")
        and str(given.get("ENGINE", "")).endswith(".sqlite3")
        and str(options.get("transaction_mode", "")).upper() == "IMMEDIATE"
    ):
        yield Warning(
            f"DATABASES[{alias!r}]: with ATOMIC_REQUESTS and IMMEDIATE transactions every"
            " request locks SQLite, and no worker can record an outcome meanwhile.",
            hint="Drop ATOMIC_REQUESTS, or mark what only reads as non_atomic_requests.",
            id="channels_celery.W019",
        )
