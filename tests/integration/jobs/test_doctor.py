from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from celery.app.amqp import Queues
from celery.app.routes import Router
from channels.auth import AuthMiddlewareStack
from channels.layers import channel_layers
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.management import call_command
from django.db import connections
from django.urls import path

from channels_celery import database as ours
from channels_celery import ids, loop, topics
from channels_celery.jobs import doctor, ledger, mirror, registry
from channels_celery.jobs.doctor import application
from channels_celery.jobs.ledger import LiveWorker, NewJob
from tests import services
from tests.project import app, tasks

#: Importing it registered its channels.
CHANNELS = [tasks]


@pytest.fixture
def well(
    database: str, redis_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """An installation with all that it needs: Redis for doorbells and hints, and a worker."""
    monkeypatch.setattr(app.conf, "broker_url", redis_url)
    monkeypatch.setattr(mirror, "project_app", lambda: app)
    host = {
        "address": redis_url,
        "socket_timeout": 15,
        "socket_keepalive": True,
        "max_connections": 1000,
    }
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [host]},
        }
    }
    # Whatever other tests have registered: these two are all that the project has.
    own = {name: registry.get(name) for name in ("add", "steps")}
    monkeypatch.setattr(registry, "_handlers", own)
    beat(own)
    yield
    # Else it asks for its server for as long as this process lives.
    for layer in channel_layers.backends.values():
        with suppress(Exception):
            loop.submit(layer.flush()).result(5)


def beat(channels: Any) -> None:
    one = LiveWorker(
        id="one",
        host="here",
        pid=1,
        slots=2,
        queues=["celery", "images"],
        channels=list(channels),
    )
    with ours.session() as session:
        ledger.beat(session, one)


def found() -> dict[str, list[str]]:
    """The ids of what each examination says, but for the dead letters of other tests."""
    return {
        finding.name: [str(one.id).removeprefix("channels_celery.") for one in finding.messages]
        for finding in doctor.examine()
    }


def told(capsys: pytest.CaptureFixture[str], code: int, *args: str) -> str:
    """What the command prints; it ends with this code."""
    try:
        call_command("channels_doctor", *args)
        ended = 0
    except SystemExit as end:
        ended = int(end.code or 0)
    out = capsys.readouterr().out
    assert ended == code, out
    return out


def test_a_sound_installation_is_called_so(well: None, capsys: pytest.CaptureFixture[str]) -> None:
    paused_or_unknown = [name for name, ids in found().items() if ids]
    assert paused_or_unknown == []
    parts = json.loads(told(capsys, 0, "--json"))
    assert [part["ok"] for part in parts] == [True] * 5


def test_each_service_that_is_away_is_named_with_its_remedy(
    well: None, settings: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = f"redis://127.0.0.1:{services.free_port()}/0"
    monkeypatch.setattr(app.conf, "broker_url", nobody)
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [{"address": nobody, "socket_timeout": 15, "max_connections": 9}]},
        }
    }
    text = told(capsys, 1)
    assert "E045" in text
    assert "E047" in text
    assert "jobs are accepted and wait" in text


def test_workers_that_are_missing_or_behind_are_named(
    well: None, capsys: pytest.CaptureFixture[str]
) -> None:
    name = next(iter(registry.channels()))
    beat([one for one in registry.channels() if one != name])
    assert f"no live worker knows channel {name}" in told(capsys, 0)
    with ours.session() as session:
        ledger.leave(session, "one")
    assert found()["workers"] == ["E050"]


def test_stuck_jobs_and_dead_letters_are_told(well: None) -> None:
    new = NewJob(id=ids.uuid7(), channel="gone", message="{}", max_attempts=1)
    with ours.session() as session:
        ledger.insert(session, new)
        session.rows(
            "UPDATE channels_celery_job SET ready = 1 WHERE channel = %(channel)s",
            {"channel": "gone"},
        )
    assert found()["workers"] == ["W052"]


def test_a_database_that_is_not_migrated_is_told_and_workers_are_not_judged(
    well: None, database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = connections[database]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_migrations SET app = 'x' WHERE app = 'channels_celery'")
    try:
        assert found()["database"] == ["E041"]
        assert "not looked at" in told(capsys, 1)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE django_migrations SET app = 'channels_celery' WHERE app = 'x'")


def test_a_clock_that_is_off_is_told(well: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_000_000_000.0)
    assert found()["database"] == ["W044"]


def test_queues_that_celery_would_not_make_are_told(
    well: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.amqp, "router", Router({}, Queues({}, create_missing=False), app=app))
    assert set(found()["broker"]) == {"E048"}


@pytest.mark.parametrize(
    "wrong", [["LEASE_SECONDS"], {"LEASE": 3}, {"DATABASE": "nowhere"}, {"DATABASE": 7}]
)
def test_wrong_settings_are_told_and_nothing_is_asked(
    settings: Any, wrong: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.CHANNELS_CELERY = wrong
    out = told(capsys, 1)
    assert out.count("not looked at, as the settings are not right") == 4


def test_a_broker_that_no_driver_knows_is_told(
    well: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app.conf, "broker_url", "nothing://here")
    assert "The broker does not answer: KeyError 'No such transport: nothing'" in told(capsys, 1)


# Any: Django's `path` is typed for views alone.
_SOCKET: Any = topics.websocket
_STREAM: Any = topics.sse
_ROUTES: Any = [path("ws/", _SOCKET)]
_STREAMS: Any = [path("events/", _STREAM)]
OUTSIDE = ProtocolTypeRouter({"websocket": URLRouter(_ROUTES)})
INSIDE = ProtocolTypeRouter(
    {"http": URLRouter(_STREAMS), "websocket": AuthMiddlewareStack(URLRouter(_ROUTES))}
)


@pytest.mark.parametrize(("name", "expected"), [("OUTSIDE", []), ("INSIDE", ["W054"])])
def test_topics_inside_a_session_stack_are_told(
    settings: Any, name: str, expected: list[str]
) -> None:
    settings.ASGI_APPLICATION = f"{__name__}.{name}"
    numbers = [str(one.id).removeprefix("channels_celery.") for one in application.examine()]
    assert numbers == expected
