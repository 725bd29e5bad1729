from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from django.apps import AppConfig
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.utils.connection import ConnectionDoesNotExist

from . import settings
from .jobs import mirror, registry
from .topics import access

#: The oldest versions with the statements that ledger and log are written in.
SQLITE_AT_LEAST = (3, 35)
POSTGRESQL_AT_LEAST = 14

Apps = Sequence[AppConfig] | None


@register
def check_settings(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    """The dict CHANNELS_CELERY: known names, fitting values."""
    return [*_dict(), *_names(), *_values(), *_lease()]


def _dict() -> Iterator[CheckMessage]:
    found = getattr(django_settings, settings.NAME, {})
    if not isinstance(found, dict):
        yield Error(
            f"{settings.NAME} is {found!r}.",
            hint=f"Write a dict, as in {settings.NAME} = {{'LEASE_SECONDS': 25}}.",
            id="channels_celery.E001",
        )


def _names() -> Iterator[CheckMessage]:
    known = [field.name for field in fields(settings.Settings)]
    for name in sorted(map(str, set(settings.given()) - set(known))):
        near = get_close_matches(name, known, n=1)
        yield Error(
            f"{settings.NAME}[{name!r}] is no setting.",
            hint=f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(known)}.",
            id="channels_celery.E001",
        )


def _values() -> Iterator[CheckMessage]:
    given = settings.given()
    for field in fields(settings.Settings):
        if field.name in given and not _fits(given[field.name], field.default):
            text = isinstance(field.default, str)
            yield Error(
                f"{settings.NAME}[{field.name!r}] is {given[field.name]!r}.",
                hint="Give an alias." if text else f"Give a number above 0, as {field.default:g}.",
                id="channels_celery.E002",
            )


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, str):
        return isinstance(value, str) and value != ""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and value > 0


def _lease() -> Iterator[CheckMessage]:
    try:
        chosen = settings.Settings(**settings.given())
        enough = chosen.LEASE_SECONDS >= 2 * chosen.HEARTBEAT_SECONDS
    except TypeError:
        # Reported above.
        return
    if not enough:
        yield Error(
            f"A lease of {chosen.LEASE_SECONDS:g} s does not outlive two heartbeats of"
            f" {chosen.HEARTBEAT_SECONDS:g} s: healthy work would be taken away.",
            hint=f"Set {settings.NAME}['LEASE_SECONDS'] to three heartbeats or more.",
            id="channels_celery.E003",
        )


@register
def check_database(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    """The ledger's database: the alias exists, its vendor is one that the statements are for."""
    alias = settings.alias("DATABASE")
    try:
        vendor = connections[alias].vendor
    except ConnectionDoesNotExist:
        return [
            Error(
                f"{settings.NAME}['DATABASE'] is {alias!r}, which DATABASES does not have.",
                hint=f"DATABASES has {', '.join(connections)}.",
                id="channels_celery.E004",
            )
        ]
    if vendor not in ("postgresql", "sqlite"):
        return [
            Error(
                f"The database {alias!r} is {vendor}, which the ledger is not written for.",
                hint=f"Add a PostgreSQL or SQLite database and name it in {settings.NAME}"
                "['DATABASE'].",
                id="channels_celery.E005",
            )
        ]
    if vendor == "sqlite" and sqlite3.sqlite_version_info < SQLITE_AT_LEAST:
        return [_too_old("SQLite", sqlite3.sqlite_version, "3.35")]
    return []


@register(Tags.database)
def check_database_version(
    app_configs: Apps, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """PostgreSQL's version, which only a connection tells: at `migrate` and `check --database`."""
    alias = settings.alias("DATABASE")
    if alias not in (databases or ()) or connections[alias].vendor != "postgresql":
        return []
    wrapper: Any = connections[alias]
    wrapper.ensure_connection()
    major, minor = divmod(wrapper.pg_version, 10_000)
    if major >= POSTGRESQL_AT_LEAST:
        return []
    return [_too_old("PostgreSQL", f"{major}.{minor}", str(POSTGRESQL_AT_LEAST))]


def _too_old(name: str, found: str, least: str) -> CheckMessage:
    return Error(
        f"{name} is {found}; the ledger needs {least} or newer.",
        hint=f"Upgrade {name}.",
        id="channels_celery.E006",
    )


@register
def check_celery_app(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    """Hints need the project's Celery app, in web processes too."""
    if not mirror.is_default(mirror.project_app()):
        return []
    return [
        Error(
            "Celery has no app in this process: hints would go to its built-in default broker.",
            hint="Import your Celery app in the project's __init__.py:"
            " `from .celery import app as celery_app`.",
            id="channels_celery.E007",
        )
    ]


@register
def check_rules(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    """No two topic rules may answer for one name."""
    return [
        Error(
            f"The topic rules {one.pattern.text!r} ({one.origin}) and {two.pattern.text!r}"
            f" ({two.origin}) overlap: a topic of both is nobody's.",
            hint="Begin each pattern with a word of its own, as in 'chat.<slug:room>'.",
            id="channels_celery.E008",
        )
        for one, two in access.overlapping()
    ]


@register
def check_channels(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    """Each channel has a time limit: a lease proves that a process lives, not that work goes on."""
    return [
        Warning(
            f"Channel {handler.name!r} has no time_limit: a handler that hangs runs for ever.",
            hint=f"Give {handler.place} a time_limit in seconds.",
            id="channels_celery.W009",
        )
        for handler in registry.channels().values()
        if handler.options.time_limit is None
    ]
