from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import celery
import pytest
from celery import _state
from kombu.exceptions import OperationalError

from channels_celery import broker_checks
from channels_celery.jobs import hints, mirror
from channels_celery.jobs.hints import Hint, Publisher
from tests.services import free_port, until


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[celery.Celery]:
    """A project's app whose broker is away."""
    before = _state._tls.current_app
    made = celery.Celery("shop", broker=f"redis://ann:pass/w@127.0.0.1:{free_port()}/0")
    monkeypatch.setattr(mirror, "project_app", lambda: made)
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)
    yield made
    _state._set_current_app(before)


def test_broker_that_is_away_is_told_once_a_minute(
    app: celery.Celery, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "AWAY_SECONDS", 0.0)
    tried: list[Hint] = []

    def refuse(hint: Hint) -> None:
        tried.append(hint)
        raise ConnectionRefusedError

    def publish(count: int) -> None:
        for _ in range(count):
            publisher.offer(Hint("thumbs", uuid4(), 0), 0.0)
        publisher.flush(5)

    publisher = Publisher()
    monkeypatch.setattr(publisher._broker, "publish", refuse)
    with caplog.at_level(logging.WARNING, "channels_celery.jobs.hints"):
        publish(5)
        until(lambda: len(tried) == 5, what="five tries")
        assert len(caplog.messages) == 1
        publisher._log_after -= hints.LOG_SECONDS
        publish(1)
    first, second = caplog.messages
    assert first.startswith("broker redis://127.0.0.1:")
    assert "pass" not in first
    assert "(hints dropped: 5)" in second


def test_hints_go_to_the_first_broker_of_a_list_that_answers(app: celery.Celery) -> None:
    away = f"redis://127.0.0.1:{free_port()}/0"
    app.conf.broker_url = f"{away};memory://"
    broker = hints.Broker()
    assert broker.messages("none") == 0
    assert broker._connected().connection.as_uri().startswith("memory")
    broker.close()
    app.conf.broker_url = f"{away};redis://127.0.0.1:{free_port()}/0"
    with pytest.raises(OperationalError):
        broker.messages("none")


def test_hint_of_a_channel_that_this_process_does_not_know_harms_no_other(
    app: celery.Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[Hint] = []
    monkeypatch.setattr(Publisher, "offer", lambda self, hint, at: offered.append(hint))
    hints.publish(Hint("of.another.deploy", uuid4(), 0))
    assert offered == []
    app.conf.task_always_eager = True
    hints.publish(Hint("of.another.deploy", uuid4(), 0))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, ["no broker"]),
        ({"broker_url": "memory://"}, ["memory"]),
        ({"broker_url": "redis://"}, []),
        ({"broker_write_url": "redis://"}, []),
        ({"task_always_eager": True}, []),
    ],
)
def test_process_without_a_broker_is_warned_of(
    app: celery.Celery, given: dict[str, Any], told: list[str]
) -> None:
    app.conf.broker_url = None
    app.conf.update(given)
    found = broker_checks.check_broker(None)
    assert [message.id for message in found] == ["channels_celery.W015"] * len(told)
    assert all(word in message.msg for word, message in zip(told, found, strict=True))
