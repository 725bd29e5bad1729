from __future__ import annotations

from importlib import metadata
from typing import Any

import pytest

from channels_celery import project_checks


class Elsewhere:
    """A router that keeps every table out of the default database."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db != "default"


def found() -> list[str]:
    messages = project_checks.check_project(None)
    assert all(message.hint for message in messages)
    return [str(message.id).removeprefix("channels_celery.") for message in messages]


def test_a_plain_project_is_well() -> None:
    assert found() == []


def test_a_router_that_keeps_the_tables_out_is_named(settings: Any) -> None:
    settings.DATABASE_ROUTERS = ["tests.unit.test_project_checks.Elsewhere"]
    assert found() == ["E016"]


def test_sessions_that_nothing_revokes_are_named(settings: Any) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    assert found() == ["W017"]


def test_sessions_that_no_other_process_knows_are_named(settings: Any) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    assert found() == ["W022"]
    shared = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": shared, "LOCATION": "redis://"}}
    assert found() == []


@pytest.mark.parametrize(
    ("version", "expected"), [("4.2.1", ["W018"]), ("4.2.2", []), ("4.10.0rc1", []), ("dev", [])]
)
def test_an_old_daphne_is_named(
    monkeypatch: pytest.MonkeyPatch, version: str, expected: list[str]
) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: version)
    assert found() == expected


def test_no_daphne_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert found() == []


def test_requests_that_lock_sqlite_are_named(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "ATOMIC_REQUESTS", True)
    assert found() == ["W019"]
