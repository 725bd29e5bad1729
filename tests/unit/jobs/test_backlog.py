from __future__ import annotations

from typing import Any

import celery
import pytest
from celery.exceptions import QueueNotFound
from kombu.entity import Exchange, Queue

from channels_celery.jobs import backlog, mirror, options, registry
from channels_celery.jobs.registry import ChannelHandler

TASK = mirror.task_name("backlog")


def work(*_: Any) -> None: ...


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> celery.Celery:
    made = celery.Celery("shop", broker="memory://", set_as_current=False)
    handler = ChannelHandler("backlog", work, options.Options())
    monkeypatch.setitem(registry._handlers, "backlog", handler)
    monkeypatch.setattr(mirror, "project_app", lambda: made)
    made.task(name=TASK, shared=False, lazy=False)(work)
    return made


def test_a_router_sees_the_task_as_it_does_when_a_hint_is_sent(app: celery.Celery) -> None:
    def route(name: str, *_: Any, task: Any = None, **__: Any) -> dict[str, str]:
        return {"queue": f"of.{task.name}"}

    app.conf.task_routes = (route,)
    assert backlog.queue_of("backlog") == f"of.{TASK}"


def test_the_queue_behind_an_exchange_is_found_or_missed_by_name(app: celery.Celery) -> None:
    app.conf.task_queues = [Queue("images", Exchange("media"), routing_key="images")]
    app.conf.task_routes = {TASK: {"exchange": "media", "routing_key": "images"}}
    assert backlog.queues() == {"images": ["backlog"]}
    app.amqp.queues["images"].routing_key = "other"
    with pytest.raises(QueueNotFound, match=r"media.*no queue"):
        backlog.queue_of("backlog")
