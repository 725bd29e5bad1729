from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.consumer import SyncConsumer
from channels.layers import get_channel_layer
from django.contrib.auth.models import Group
from django.db import connections
from django.test import TestCase

from channels_celery import (
    Fail,
    Retry,
    asend,
    channel_consumer,
    channel_task,
    send,
    testing,
    topics,
)
from channels_celery.errors import BadMessage
from channels_celery.jobs import hints, mirror
from channels_celery.testing import run_jobs, sent
from tests import services

PUBLISH = hints.publish
pytestmark = pytest.mark.usefixtures("published")


@channel_task("testing.add")
def add(job: Any, message: dict[str, Any]) -> dict[str, Any]:
    job.progress(1, 2)
    job.reply({"first": message["a"]}, key="first")
    return {"sum": message["a"] + message.get("b", 0), "kind": type(message["a"]).__name__}


@channel_task("testing.chain")
def chain(job: Any, message: dict[str, Any]) -> None:
    if message["left"]:
        send("testing.chain", {"left": message["left"] - 1})


@channel_task("testing.flaky", max_retries=2)
def flaky(job: Any, message: dict[str, Any]) -> int:
    if message["by"] == "fail":
        raise Fail("It can not be done.")
    if message["by"] == "retry" and job.attempt < 3:
        raise Retry("Not yet.", countdown=600)
    if message["by"] == "error":
        raise ZeroDivisionError("a fault of the handler")
    if message["by"] == "set":
        return {1, 2}  # type: ignore[return-value]
    return int(job.attempt)


@channel_task("testing.group")
async def group(job: Any, message: dict[str, Any]) -> int:
    await Group.objects.using(message["alias"]).acreate(name="by the handler")
    return await Group.objects.using(message["alias"]).acount()


@channel_task("testing.tiny", batch=10)
def tiny(job: Any, message: dict[str, Any]) -> int:
    return int(10 // message["n"])


@channel_task("testing.one", max_running=1)
def one_at_a_time(job: Any, message: dict[str, Any]) -> int:
    if message["n"] == 1:
        send("testing.one", {"n": 10})
    return int(message["n"])


class Grouper(SyncConsumer):
    def make_group(self, message: dict[str, Any]) -> None:
        Group.objects.using(message["alias"]).create(name="by the consumer")


channel_consumer("testing.grouper", Grouper)


def test_sent_tells_what_was_accepted_in_order(test_case: str) -> None:
    for a in range(20):
        send("testing.add", {"a": a})
    layer: Any = get_channel_layer()
    async_to_sync(layer.send)("testing.add", {"a": 1, "topic": "t", "reply_channel": "r"})
    send("testing.chain", {"left": 0}, unique_key="k")
    assert [one.message["a"] for one in sent("testing.add")][:20] == list(range(20))
    last = sent("testing.add")[-1]
    assert (last.topic, last.reply_channel, last.state, last.attempt) == ("t", "r", "queued", 0)
    assert [one.unique_key for one in sent("testing.chain")] == ["k"]
    assert len(sent()) == 22


def test_jobs_run_through_the_json_round_trip(test_case: str) -> None:
    send("testing.add", {"a": (1, 2), "b": [3]}, topic="t")
    (ran,) = run_jobs()
    assert (ran.state, ran.result) == ("succeeded", {"sum": [1, 2, 3], "kind": "list"})
    kinds = [event.type for event in topics.read("t").events]
    assert kinds == ["job.reply", "job.succeeded"]
    assert sent() == [ran]
    assert run_jobs() == []


def test_what_jobs_send_runs_too_and_endless_sending_is_told(
    test_case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send("testing.chain", {"left": 3}, countdown=3600)
    assert [one.message["left"] for one in run_jobs()] == [3, 2, 1, 0]
    monkeypatch.setattr(testing, "MOST_RUNS", 5)
    send("testing.chain", {"left": 30})
    with pytest.raises(testing.EndlessJobs):
        run_jobs()


def test_meant_failures_are_outcomes_and_retries_come_at_once(test_case: str) -> None:
    send("testing.flaky", {"by": "fail"})
    send("testing.flaky", {"by": "retry"})
    failed, retried = run_jobs()
    assert (failed.state, failed.error) == (
        "failed",
        {"code": "failed", "message": "It can not be done."},
    )
    assert (retried.state, retried.attempt, retried.result) == ("succeeded", 3, 3)


def test_errors_of_the_handler_are_the_tests_unless_told_otherwise(test_case: str) -> None:
    send("testing.flaky", {"by": "error"})
    with pytest.raises(ZeroDivisionError, match="a fault of the handler"):
        run_jobs()
    (ran,) = run_jobs(raise_errors=False)
    assert (ran.state, ran.attempt) == ("failed", 3)
    assert ran.error == {"code": "internal", "message": "The work failed."}
    send("testing.flaky", {"by": "set"})
    with pytest.raises(BadMessage, match="set is not JSON"):
        run_jobs()


def test_async_and_consumer_work_is_part_of_the_tests_transaction(test_case: str) -> None:
    Group.objects.using(test_case).create(name="by the test")
    send("testing.group", {"alias": test_case})
    send("testing.grouper", {"type": "make.group", "alias": test_case})
    assert [one.result for one in run_jobs()] == [2, None]
    assert Group.objects.using(test_case).count() == 3
    assert connections[test_case].in_atomic_block


def test_batches_and_limited_channels_run_as_in_a_worker(test_case: str) -> None:
    for n in range(1, 4):
        send("testing.tiny", {"n": n})
        send("testing.one", {"n": n})
    ran = run_jobs()
    assert [(one.channel[8:], one.result) for one in ran] == [
        *(("tiny", 10), ("one", 1), ("tiny", 5), ("one", 2), ("tiny", 3), ("one", 3), ("one", 10))
    ]
    send("testing.tiny", {"n": 1})
    send("testing.tiny", {"n": 0})
    with pytest.raises(ZeroDivisionError):
        run_jobs()


def test_expired_job_ends_cancelled(test_case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    send("testing.add", {"a": 1}, expires=0.001)
    services.until(lambda: not run_jobs() and sent()[0].state != "queued", what="end")
    assert (sent()[0].state, sent()[0].error["code"]) == ("cancelled", "expired")  # type: ignore[index]


def test_eager_mode_runs_in_the_tests_transaction(
    test_case: str, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "publish", PUBLISH)
    configuration = mirror.project_app().conf
    configuration.task_always_eager = True
    try:
        with django_capture_on_commit_callbacks(using=test_case, execute=True):
            send("testing.add", {"a": 1, "b": 2})
            assert sent()[0].state == "queued"
    finally:
        configuration.task_always_eager = False
    assert (sent()[0].state, sent()[0].result["sum"]) == ("succeeded", 3)


class InATestCase(TestCase):
    """The module as a project uses it, in Django's own test class."""

    def test_jobs_run_in_the_tests_transaction(self) -> None:
        with self.captureOnCommitCallbacks() as callbacks:
            send("testing.add", {"a": 1, "b": 2})
        assert [one.result["sum"] for one in run_jobs()] == [3]
        assert len(callbacks) == 1

    async def test_async_test_sends_and_runs(self) -> None:
        await asend("testing.add", {"a": 1, "b": 3})
        (ran,) = await sync_to_async(run_jobs)()
        assert ran.result["sum"] == 4

    def tearDown(self) -> None:
        assert len(sent()) <= 1
