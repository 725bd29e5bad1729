from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction
from django.utils import timezone

from channels_celery import database, send, topics
from channels_celery.errors import BadMessage, BadTopic
from channels_celery.jobs import django_tasks, ledger, registry
from channels_celery.jobs.django_tasks import BACKEND, LedgerBackend
from channels_celery.jobs.django_tasks.framework import (
    InvalidTask,
    InvalidTaskBackend,
    TaskResultDoesNotExist,
    TaskResultMismatch,
    TaskResultStatus,
    task_backends,
    task_enqueued,
    task_finished,
    task_started,
)
from channels_celery.jobs.models import Job
from channels_celery.testing import run_jobs, sent

OURS = {
    "default": {
        "BACKEND": BACKEND,
        "QUEUES": ["default", "slow"],
        "OPTIONS": {"max_retries": 1},
    }
}


@pytest.fixture
def calls(test_case: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of tasks; the back end's channels are gone with the test."""
    monkeypatch.setattr(registry, "_handlers", dict(registry._handlers))
    settings.TASKS = OURS
    assert task_backends["default"].alias == "default", "made now, with its channels"
    from . import calls

    return calls


@pytest.fixture
def heard() -> Iterator[list[tuple[str, Any, str]]]:
    """The framework's signals: which, the status then, and the id."""
    signals = {"enqueued": task_enqueued, "started": task_started, "finished": task_finished}
    found: list[tuple[str, Any, str]] = []
    receivers = []
    for name, signal in signals.items():

        def hear(task_result: Any, name: str = name, **_: Any) -> None:
            found.append((name, task_result.status, task_result.id))

        signal.connect(hear)
        receivers.append((signal, hear))
    yield found
    for signal, hear in receivers:
        signal.disconnect(hear)


def test_a_task_runs_as_a_job_and_its_result_is_kept(
    calls: Any, heard: list[tuple[str, Any, str]]
) -> None:
    result = calls.add.enqueue(2, b=3)
    assert (result.status, result.attempts, result.is_finished) == ("READY", 0, False)
    assert calls.add.get_result(result.id).status == TaskResultStatus.READY
    (ran,) = run_jobs()
    assert (str(ran.id), ran.channel) == (result.id, "tasks.default.default")
    result.refresh()
    assert (result.status, result.return_value, result.attempts) == ("SUCCESSFUL", {"sum": 5}, 1)
    assert result.enqueued_at <= result.started_at <= result.finished_at
    assert (result.args, result.kwargs, result.errors) == ([2], {"b": 3}, [])
    assert heard == [
        ("enqueued", "READY", result.id),
        ("started", "RUNNING", result.id),
        ("finished", "SUCCESSFUL", result.id),
    ]


def test_an_async_task_runs_on_the_queue_it_names(calls: Any) -> None:
    result = calls.wait.enqueue("so")
    (ran,) = run_jobs()
    assert (ran.channel, ran.result) == ("tasks.default.slow", "so")
    assert calls.wait.get_result(result.id).task.queue_name == "slow"


def test_progress_and_results_reach_the_topic_of_the_same_call(calls: Any) -> None:
    result = calls.steps.using(topic="photo.7").enqueue(2)
    run_jobs()
    events = topics.read("photo.7").events
    assert [event.type for event in events] == ["job.reply", "job.reply", "job.succeeded"]
    assert json.loads(events[-1].data)["result"] == [1, result.id]
    with pytest.raises(BadTopic):
        calls.steps.using(topic="photo..7").enqueue(2)
    assert len(sent()) == 1


def test_a_failure_keeps_its_class_and_its_traceback(
    calls: Any, heard: list[tuple[str, Any, str]]
) -> None:
    result = calls.fail.enqueue("error")
    run_jobs(raise_errors=False)
    result.refresh()
    assert (result.status, result.attempts) == ("FAILED", 2)
    (error,) = result.errors
    assert error.exception_class is ZeroDivisionError
    assert "second: line" in error.traceback
    with pytest.raises(ValueError):
        result.return_value  # noqa: B018
    # One end, however many attempts.
    assert [name for name, *_ in heard] == ["enqueued", "started", "started", "finished"]

    meant = calls.fail.enqueue("fail")
    run_jobs()
    meant.refresh()
    assert meant.errors[0].exception_class_path == "channels_celery.errors.Fail"
    assert meant.attempts == 1


def test_what_waits_for_another_run_is_ready_with_its_last_error(calls: Any) -> None:
    result = calls.fail.enqueue("retry")
    run_jobs()
    result.refresh()
    assert (result.status, result.attempts) == ("FAILED", 2)
    assert result.errors[0].exception_class_path == "channels_celery.errors.Retry"


def test_a_result_that_is_no_json_fails(calls: Any) -> None:
    result = calls.no_json.enqueue()
    run_jobs(raise_errors=False)
    result.refresh()
    assert (result.status, result.attempts) == ("FAILED", 1)


def test_run_after_is_when_it_may_run_first(calls: Any) -> None:
    later = timezone.now() + timedelta(hours=1)
    calls.add.using(run_after=later).enqueue(1)
    row = Job.objects.using(run_alias()).get()
    assert abs(row.ready - later.timestamp() * 1000) < 1000


def test_enqueue_joins_the_transaction(calls: Any) -> None:
    def roll_back() -> None:
        with transaction.atomic(using=run_alias()):
            calls.add.enqueue(1)
            raise KeyError

    with pytest.raises(KeyError):
        roll_back()
    assert sent() == []
    assert async_to_sync(calls.add.aenqueue)(1).status == "READY"
    assert len(sent()) == 1


def test_refused_before_anything_is_accepted(calls: Any) -> None:
    with pytest.raises(TypeError):
        calls.add.enqueue({1, 2})
    with pytest.raises(InvalidTask, match="priority"):
        calls.add.using(priority=3)
    with pytest.raises(InvalidTask, match="no task"):
        calls.other_name.enqueue()
    with pytest.raises(InvalidTask):
        calls.add.using(queue_name="unknown")
    with pytest.raises(BadMessage, match="expected"):
        send("tasks.default.default", {"task": "os.system", "args": "ls"})
    assert sent() == []


def test_only_tasks_are_called_whatever_a_message_names(calls: Any) -> None:
    send("tasks.default.default", {"task": "os.getcwd", "args": [], "kwargs": {}})
    (ran,) = run_jobs(raise_errors=False)
    assert ran.state == "failed"


def test_a_result_that_is_not_there_is_said_to_be_missing(calls: Any) -> None:
    for result_id in ("", "no id", str(uuid4())):
        with pytest.raises(TaskResultDoesNotExist):
            calls.add.get_result(result_id)


def test_a_wrong_option_is_named_when_the_backend_is_made(calls: Any) -> None:
    def made(**params: Any) -> LedgerBackend:
        return LedgerBackend("other", {"BACKEND": BACKEND, **params})

    with pytest.raises(InvalidTaskBackend, match=r"TASKS\['other'\].*max_retry"):
        made(OPTIONS={"max_retry": 3})
    with pytest.raises(InvalidTaskBackend, match="QUEUES"):
        made(QUEUES=[])
    assert task_backends["default"].check() == []


class Own(LedgerBackend):
    """A project's."""


def test_a_projects_own_backend_is_known_at_start(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_handlers", {})
    settings.TASKS = {
        "own": {"BACKEND": f"{__name__}.Own", "QUEUES": ["q"]},
        "moved": {"BACKEND": f"{LedgerBackend.__module__}.LedgerBackend", "QUEUES": ["q"]},
        "gone": {"BACKEND": "nowhere.Backend"},
        "other": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"},
    }
    django_tasks.register()
    assert set(registry.channels()) == {"tasks.own.q", "tasks.moved.q"}


@pytest.mark.parametrize("given", [None, ["a", "b"], {"a": "b"}])
def test_another_setting_of_that_name_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, given: Any
) -> None:
    monkeypatch.setattr(registry, "_handlers", {})
    monkeypatch.setattr(django_tasks, "settings", SimpleNamespace(TASKS=given))
    django_tasks.register()
    assert registry.channels() == {}


def run_alias() -> str:
    from channels_celery import settings

    return settings.current().DATABASE


def test_a_result_belongs_to_its_task(calls: Any) -> None:
    result = calls.add.enqueue(1)
    with pytest.raises(TaskResultMismatch):
        calls.steps.get_result(result.id)
    run_jobs()
    found = async_to_sync(calls.add.aget_result)(result.id)
    async_to_sync(result.arefresh)()
    assert result.return_value == found.return_value == {"sum": 2}
    assert calls.add.call(1, b=2) == {"sum": 3}


def test_a_cancelled_task_is_a_failed_one(calls: Any) -> None:
    result = calls.add.enqueue(1)
    with database.session() as session:
        assert ledger.cancel(session, UUID(result.id))
    result.refresh()
    assert (result.status, result.is_finished, result.attempts) == ("FAILED", True, 0)
    assert result.errors[0].exception_class_path == "channels_celery.errors.Cancelled"
