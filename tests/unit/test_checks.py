from __future__ import annotations

import sqlite3
from importlib import metadata
from typing import Any

import celery
import pytest
from celery import _state
from django.core.checks import CheckMessage

from channels_celery import channel_task, checks, layer_checks, topics
from channels_celery.jobs import mirror, registry
from channels_celery.topics import access

CORE = "channels_redis.core.RedisChannelLayer"
PUBSUB = "channels_redis.pubsub.RedisPubSubChannelLayer"
WRAPPED = {"BACKEND": "channels_celery.CeleryChannelLayer", "CONFIG": {"inner": "sockets"}}
SHORT_HOST = {"address": "redis://", "socket_timeout": 5, "max_connections": 1000}
GOOD_HOST = {"address": "redis://", "socket_timeout": 15, "max_connections": 1000}


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Channels and rules of a test are gone after it."""
    monkeypatch.setattr(registry, "_handlers", dict(registry._handlers))
    monkeypatch.setattr(access, "_rules", dict(access._rules))


def ids(messages: list[CheckMessage]) -> list[str]:
    """The short ids; each message says how to mend it."""
    assert all(message.hint for message in messages)
    return [str(message.id).removeprefix("channels_celery.") for message in messages]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, []),
        ({"LEASE_SECONDS": 60, "DATABASE": "default"}, []),
        ({"LEASE_SECOND": 60}, ["E001"]),
        (["LEASE_SECONDS"], ["E001"]),
        ({60: "LEASE_SECONDS"}, ["E001"]),
        ({"LEASE_SECONDS": float("inf")}, ["E002"]),
        ({"LEASE_SECONDS": "60"}, ["E002"]),
        ({"SWEEP_SECONDS": 0}, ["E002"]),
        ({"PING_SECONDS": True}, ["E002"]),
        ({"LAYER": ""}, ["E002"]),
        ({"LEASE_SECONDS": 10}, ["E003"]),
    ],
)
def test_settings_are_checked_by_name_and_value(
    settings: Any, given: dict[str, Any], expected: list[str]
) -> None:
    settings.CHANNELS_CELERY = given
    assert ids(checks.check_settings(None)) == expected


def test_misspelt_setting_is_told_with_the_nearest(settings: Any) -> None:
    settings.CHANNELS_CELERY = {"LEASE_SECOND": 60}
    (message,) = checks.check_settings(None)
    assert message.hint == "Did you mean 'LEASE_SECONDS'?"


def test_database_alias_that_does_not_exist(settings: Any) -> None:
    settings.CHANNELS_CELERY = {"DATABASE": "ledger"}
    assert ids(checks.check_database(None)) == ["E004"]


def test_database_vendor_that_the_ledger_is_not_written_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "connections", {"default": type("C", (), {"vendor": "mysql"})()})
    assert ids(checks.check_database(None)) == ["E005"]


def test_sqlite_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.check_database(None) == []
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    assert ids(checks.check_database(None)) == ["E006"]


@pytest.mark.parametrize(("version", "expected"), [(130_011, ["E006"]), (140_000, [])])
def test_postgresql_that_is_too_old(
    monkeypatch: pytest.MonkeyPatch, version: int, expected: list[str]
) -> None:
    class Connection:
        vendor = "postgresql"
        pg_version = version

        def ensure_connection(self) -> None: ...

    monkeypatch.setattr(checks, "connections", {"default": Connection()})
    assert ids(checks.check_database_version(None, databases=["default"])) == expected
    assert checks.check_database_version(None, databases=["other"]) == []


def test_project_without_a_celery_app(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _state._tls.current_app
    monkeypatch.setattr(mirror, "_seen_at_start", None)
    monkeypatch.setattr(_state, "default_app", None)
    _state._set_current_app(None)
    try:
        assert ids(checks.check_celery_app(None)) == ["E007"]
        _state._set_current_app(celery.Celery("project", set_as_current=False))
        assert checks.check_celery_app(None) == []
    finally:
        _state._set_current_app(before)


def test_rules_that_overlap_are_both_named() -> None:
    assert checks.check_rules(None) == []

    @topics.rule("lobby.<slug:room>")
    def one(visitor: Any, room: str) -> bool:
        return True

    @topics.rule("lobby.<int:room>")
    def two(visitor: Any, room: int) -> bool:
        return True

    (message,) = checks.check_rules(None)
    assert ids([message]) == ["E008"]
    assert "lobby.<slug:room>" in message.msg
    assert "lobby.<int:room>" in message.msg


def test_channel_that_may_hang_for_ever() -> None:
    assert checks.check_channels(None) == []
    channel_task("endless", time_limit=None)(lambda job, message: None)
    assert ids(checks.check_channels(None)) == ["W009"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["E010"]),
        ({"default": WRAPPED}, ["E011"]),
        ({"default": WRAPPED, "sockets": WRAPPED}, ["E011", "E011"]),
        ({"default": {"BACKEND": WRAPPED["BACKEND"]}}, ["E011"]),
        (
            {"default": WRAPPED, "sockets": {"BACKEND": layer_checks.IN_MEMORY}},
            ["W012"],
        ),
        ({"default": {"BACKEND": layer_checks.IN_MEMORY}}, ["W012"]),
        ({"default": {"BACKEND": "layers.of.Theirs"}}, []),
        ({"default": {"BACKEND": CORE}}, ["E013", "W014"]),
        ({"default": {"BACKEND": CORE, "CONFIG": {"hosts": [("redis", 6379)]}}}, ["E013", "W014"]),
        ({"default": {"BACKEND": CORE, "CONFIG": {"hosts": [GOOD_HOST]}}}, []),
        (
            {
                "default": {
                    "BACKEND": CORE,
                    "CONFIG": {"hosts": [SHORT_HOST]},
                }
            },
            ["E013"],
        ),
        (
            {
                "default": {
                    "BACKEND": CORE,
                    "CONFIG": {"hosts": [{**GOOD_HOST, "socket_timeout": None}]},
                }
            },
            [],
        ),
        (
            {
                "default": {
                    "BACKEND": CORE,
                    "CONFIG": {"hosts": ["redis://r?socket_timeout=15&max_connections=500"]},
                }
            },
            [],
        ),
        ({"default": {"BACKEND": PUBSUB}}, ["W014"]),
        (
            {"default": WRAPPED, "sockets": {"BACKEND": PUBSUB, "CONFIG": {"hosts": [GOOD_HOST]}}},
            [],
        ),
    ],
)
def test_channel_layers_are_checked_as_the_library_uses_them(
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, dict[str, Any]],
    expected: list[str],
) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: "8.1.0")
    settings.CHANNEL_LAYERS = given
    assert ids(layer_checks.check_layers(None)) == expected


def test_older_redis_py_has_no_trap(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": CORE}}
    monkeypatch.setattr(metadata, "version", lambda name: "7.4.1")
    assert layer_checks.check_layers(None) == []


@pytest.mark.parametrize(
    ("backend", "host", "expected"),
    [
        (PUBSUB, {**GOOD_HOST, "socket_keepalive": True}, []),
        (PUBSUB, "redis://r?socket_keepalive=True", []),
        (PUBSUB, {"address": "unix:///r.sock"}, []),
        (PUBSUB, GOOD_HOST, ["I021"]),
        (CORE, ("redis", 6379), ["I020", "I021"]),
        (layer_checks.IN_MEMORY, "", []),
    ],
)
def test_the_layer_of_doorbells_is_looked_at_closely(
    settings: Any, backend: str, host: Any, expected: list[str]
) -> None:
    settings.CHANNEL_LAYERS = {
        "default": WRAPPED,
        "sockets": {"BACKEND": backend, "CONFIG": {"hosts": [host]}},
        "theirs": {"BACKEND": CORE},
    }
    assert ids(layer_checks.check_doorbells(None)) == expected
