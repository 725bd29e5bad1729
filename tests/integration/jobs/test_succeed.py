from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from channels_celery import channel_task, ids
from channels_celery import database as ours
from channels_celery.errors import BadMessage, JobFailed, NotSupported
from channels_celery.jobs import attempt, ledger, mirror
from channels_celery.jobs.ledger import NewJob
from channels_celery.jobs.models import Channel, Job
from channels_celery.jobs.states import State
from channels_celery.topics.models import Event
from tests.project import app

pytestmark = pytest.mark.usefixtures("published", "rung")

Handler = Callable[[Any, Any], Any]
handlers: list[Handler] = []


@channel_task("tests.succeed", max_retries=0)
def work(job: Any, message: Any) -> Any:
    return handlers[-1](job, message)


def run(handler: Handler) -> NewJob:
    """One attempt in this process, as a Celery task makes it."""
    handlers.append(handler)
    new = NewJob(id=ids.uuid7(), channel="tests.succeed", message="{}", max_attempts=1, topic="t")
    with ours.session() as session:
        ledger.insert(session, new)
    task = app.tasks[mirror.task_name("tests.succeed")]
    task.push_request(id="run")
    try:
        attempt.run(task, str(new.id), 0)
    finally:
        task.pop_request()
    return new


def row(job: NewJob, alias: str) -> Job:
    return Job.objects.using(alias).get(pk=job.id)


def types(alias: str) -> list[str]:
    return list(Event.objects.using(alias).order_by("seq").values_list("type", flat=True))


def wrote(alias: str) -> bool:
    return Channel.objects.using(alias).filter(name="written").exists()


def write(alias: str) -> None:
    Channel.objects.using(alias).create(name="written")


def test_outcome_commits_with_what_the_handler_writes(database: str) -> None:
    def handler(job: Any, message: Any) -> str:
        with transaction.atomic(using=database):
            write(database)
            job.succeed({"n": 1})
        return "ignored"

    job = run(handler)
    assert (row(job, database).state, row(job, database).result) == ("succeeded", '{"n":1}')
    assert wrote(database)
    assert types(database) == ["job.succeeded"]


def test_committed_outcome_stands_whatever_the_handler_raises(database: str) -> None:
    def handler(job: Any, message: Any) -> None:
        with transaction.atomic(using=database):
            job.succeed()
        raise RuntimeError

    assert row(run(handler), database).state == "succeeded"
    assert types(database) == ["job.succeeded"]


def test_rolled_back_outcome_never_was(database: str) -> None:
    def handler(job: Any, message: Any) -> None:
        with transaction.atomic(using=database):
            write(database)
            job.succeed()
            raise RuntimeError

    with pytest.raises(JobFailed):
        run(handler)
    assert Job.objects.using(database).get().state == "failed"
    assert not wrote(database)
    assert types(database) == ["job.failed"]


def test_stale_attempt_can_not_write(database: str) -> None:
    def handler(job: Any, message: Any) -> None:
        with ours.session() as session:
            (lost,) = ledger.lost_runs(session, "run")
            ledger.release(session, lost)
        with transaction.atomic(using=database):
            write(database)
            job.succeed()

    # Its LeaseLost rolls the transaction back, and nothing more is recorded.
    job = run(handler)
    assert row(job, database).state == "queued"
    assert not wrote(database)


def test_refusals_come_before_any_effect(database: str) -> None:
    def handler(job: Any, message: Any) -> str:
        with pytest.raises(NotSupported, match=r"transaction\.atomic"):
            job.succeed()
        with transaction.atomic(using=database), pytest.raises(BadMessage):
            job.succeed(object())
        return "returned"

    assert row(run(handler), database).result == '"returned"'


def test_row_that_a_handler_is_about_to_end_is_not_waited_for(database: str) -> None:
    def handler(job: Any, message: Any) -> None:
        if database != "postgresql":
            return
        Job.objects.using(database).update(lease=0, cancel_requested=0)
        with transaction.atomic(using=database):
            job.succeed()
            other = ours.Own(database)
            began = time.monotonic()
            assert ledger.lost_leases(other) == []
            assert ledger.overdue(other, 0) == []
            assert time.monotonic() - began < 1
            other.close()

    assert row(run(handler), database).state == State.SUCCEEDED
