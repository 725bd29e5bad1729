from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import celery
import pytest
from celery import _state, signals

from channels_celery.jobs import headers, messages

ARGUMENTS = ("01a203ef-6430-7307-83f3-6fadda9989c6", 3)
#: New with every message, or every app.
OWN = {"id", "root_id", "correlation_id", "delivery_tag", "reply_to"}


@pytest.fixture
def app() -> Iterator[celery.Celery]:
    before = _state._tls.current_app
    yield celery.Celery("shop", broker="memory://", set_as_current=False)
    _state._set_current_app(before)


def sent(app: celery.Celery, queue: str | None = None, **annotations: Any) -> dict[str, Any]:
    """What lies in the queue after a hint was published for a task with these attributes."""

    @app.task(name="channel.thumbs", shared=False, lazy=False, **annotations)
    def work(job: str, fence: int) -> None: ...

    with app.connection_for_write() as connection:
        producer = app.amqp.Producer(connection, auto_declare=False)
        messages.publish(work, ARGUMENTS, headers.Stamping(producer, {"tenant": "acme"}), queue)
        (name,) = [name for name, waiting in producer.channel.queues.items() if waiting.qsize()]
        message = producer.channel.queues[name].get_nowait()
    return {"queue": name, **_without_own(message)}


def _without_own(found: Any) -> Any:
    if isinstance(found, dict):
        return {key: _without_own(value) for key, value in found.items() if key not in OWN}
    return found


@pytest.mark.parametrize(
    ("queue", "annotations"),
    [
        (None, {"time_limit": 300, "soft_time_limit": 20}),
        ("images", {"time_limit": None}),
        ("images", {"serializer": "yaml", "compression": "gzip"}),
    ],
)
def test_a_hint_is_the_message_that_apply_async_sends(
    app: celery.Celery,
    monkeypatch: pytest.MonkeyPatch,
    queue: str | None,
    annotations: dict[str, Any],
) -> None:
    annotations = {"ignore_result": True, **annotations}
    ours = sent(app, queue, **annotations)
    assert ours["headers"]["tenant"] == "acme"
    monkeypatch.setattr(headers, "has_own_way", lambda task: True)
    other = celery.Celery("shop", broker="memory://", set_as_current=False)
    assert ours == sent(other, queue, **annotations)


def test_routes_and_signals_stay_celerys(app: celery.Celery) -> None:
    heard: list[str] = []

    def hear(sender: str, **_: Any) -> None:
        heard.append(sender)

    app.conf.task_routes = {"channel.*": {"queue": "routed"}}
    signals.before_task_publish.connect(hear)
    signals.after_task_publish.connect(hear)
    try:
        assert sent(app)["queue"] == "routed"
    finally:
        signals.before_task_publish.disconnect(hear)
        signals.after_task_publish.disconnect(hear)
    assert heard == ["channel.thumbs", "channel.thumbs"]


def test_a_hint_that_expires_does_so(app: celery.Celery) -> None:
    assert sent(app, expires=60)["properties"]["expiration"] == "60000"


def test_a_projects_own_apply_async_is_called() -> None:
    class Task(celery.Task):
        def apply_async(self, *args: Any, **options: Any) -> Any:
            return super().apply_async(*args, **{**options, "queue": "own"})

    app = celery.Celery("shop", broker="memory://", set_as_current=False, task_cls=Task)
    assert sent(app)["queue"] == "own"


def test_a_projects_own_send_task_is_called() -> None:
    class App(celery.Celery):
        def send_task(self, *args: Any, **options: Any) -> Any:
            return super().send_task(*args, **{**options, "queue": "own"})

    assert sent(App("shop", broker="memory://", set_as_current=False))["queue"] == "own"


class Channel:
    """As kombu's of Redis."""

    made = 0

    def _create_client(self) -> int:
        self.made += 1
        return self.made

    @contextmanager
    def conn_or_acquire(self, client: Any = None) -> Iterator[Any]:
        yield client or self._create_client()


def test_one_redis_client_serves_all_commands_of_a_connection() -> None:
    producer = SimpleNamespace(channel=Channel())
    messages.keep_client(producer)
    for given, used in ((None, 1), (None, 1), ("theirs", "theirs")):
        with producer.channel.conn_or_acquire(given) as client:
            assert client == used


def test_other_brokers_channels_are_left_as_they_are(app: celery.Celery) -> None:
    with app.connection_for_write() as connection:
        producer = app.amqp.Producer(connection, auto_declare=False)
        messages.keep_client(producer)
        assert not hasattr(producer.channel, "conn_or_acquire")
