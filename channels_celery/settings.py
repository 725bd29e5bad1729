from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Literal

from django.conf import settings as django_settings
from django.core.signals import setting_changed

from .errors import BadOption

NAME = "CHANNELS_CELERY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting of the library with its type and default: the dict `CHANNELS_CELERY`."""

    #: Alias of the database that holds ledger and topics; never a replica.
    DATABASE: str = "default"
    #: Alias of the channel layer that carries doorbells and reply-channel messages.
    LAYER: str = "default"
    #: A job is taken from a process that has not renewed its lease for so long.
    LEASE_SECONDS: float = 25.0
    #: How often a process renews the leases of the handlers it runs.
    HEARTBEAT_SECONDS: float = 8.0
    #: How often each worker's reconciler looks for lost leases and lost hints.
    RECONCILE_SECONDS: float = 2.0
    #: How long a running job may go on after its cancellation was asked for.
    CANCEL_GRACE_SECONDS: float = 20.0
    #: How long a worker waits for its handlers after SIGTERM.
    STOP_GRACE_SECONDS: float = 20.0
    #: Hard time limit of a handler that names none.
    TIME_LIMIT_SECONDS: float = 300.0
    #: How long succeeded and cancelled jobs are kept.
    KEEP_SUCCEEDED_DAYS: float = 7.0
    #: How long failed jobs, the dead letters, are kept.
    KEEP_FAILED_DAYS: float = 30.0
    #: How often a hub compares its topics with the log.
    SWEEP_SECONDS: float = 3.0
    #: How often a socket that says nothing is asked for a sign of life.
    PING_SECONDS: float = 15.0


def given() -> dict[str, Any]:
    """What the project has written; nothing if that is no dict, which a check reports."""
    found = getattr(django_settings, NAME, {})
    return dict(found) if isinstance(found, dict) else {}


def alias(name: Literal["DATABASE", "LAYER"]) -> str:
    """An alias for the system checks, which look before the settings are known to be right."""
    found = given().get(name)
    return found if isinstance(found, str) else str(getattr(Settings(), name))


@cache
def _load() -> Settings:
    found = getattr(django_settings, NAME, {})
    if not isinstance(found, dict):
        raise BadOption(f"{NAME} is {found!r}; write a dict.")
    known = {field.name: field.type for field in fields(Settings)}
    if unknown := sorted(map(str, set(found) - set(known))):
        raise BadOption(
            f"{NAME}[{unknown[0]!r}] is no setting; there are {', '.join(sorted(known))}."
        )
    return Settings(**found)


def current() -> Settings:
    """The settings in force, read once and again after `setting_changed`."""
    return _load()


def _forget(*, setting: str, **_: Any) -> None:
    if setting == NAME:
        _load.cache_clear()


setting_changed.connect(_forget, dispatch_uid="channels_celery.settings")
