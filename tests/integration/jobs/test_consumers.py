from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer

from channels_celery import loop, send
from channels_celery.jobs import hints
from channels_celery.jobs.models import Job
from tests.integration.jobs.worker import environment, worker
from tests.project import consumers, tasks
from tests.services import until

#: Importing them registered their channels, as Django does in every process.
CHANNELS = tasks, consumers


@contextmanager
def listening(url: str, group: str) -> Iterator[list[str]]:
    """Who has answered in the group so far."""
    answers: list[str] = []
    layer = RedisPubSubChannelLayer(hosts=[{"address": url, "socket_timeout": 15}])

    async def join() -> str:
        name = await layer.new_channel()
        await layer.group_add(group, name)
        return str(name)

    async def listen(name: str) -> None:
        while True:
            answers.append((await layer.receive(name))["by"])

    heard = loop.submit(listen(loop.submit(join()).result(10)))
    yield answers
    heard.cancel()
    loop.submit(layer.flush()).result(10)
    loop.submit(asyncio.sleep(0)).result(10)


def test_unchanged_consumers_run_in_a_worker_and_are_retried(
    database: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent without a hint: the worker's own look at the ledger finds them."""
    monkeypatch.setattr(hints, "publish", lambda hint, seconds=0.0: None)
    env = environment(database, redis_url, RECONCILE_SECONDS=0.3)
    message = {"type": "count.up", "group": "counted"}
    for _ in range(5):
        send("counter", message)
    send("slow-counter", {**message, "until": 2})
    with (
        listening(redis_url, "counted") as answers,
        worker(database, env, tmp_path / "log", "-c", "1"),
    ):
        done = Job.objects.using(database).filter(state="succeeded")
        until(lambda: done.count() == 6, what="six outcomes")
        until(lambda: sorted(answers) == ["async"] * 5 + ["sync"], what="six answers")
    assert done.get(channel="slow-counter").attempt == 2
