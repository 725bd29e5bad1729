"""What must not leave a Celery task, whatever happens in an attempt."""

from __future__ import annotations

import time
from typing import Any

import pytest
from celery.exceptions import Retry as CeleryRetry
from django.db import OperationalError

from channels_celery import channel_task
from channels_celery.errors import JobFailed
from channels_celery.jobs import attempt, batch, mirror, outcomes
from channels_celery.jobs.models import Job
from channels_celery.jobs.send import send
from tests.project import app

pytestmark = pytest.mark.usefixtures("published", "rung")


@channel_task("tests.broken", max_retries=0)
def work(job: Any, message: dict[str, Any]) -> None:
    if "text" in message:
        # As `os.fsdecode` makes of a file's name that is not UTF-8.
        raise ValueError(b"caf\xe9".decode("utf-8", "surrogateescape"))


@channel_task("tests.broken.tiny", batch=10)
def tiny(job: Any, message: dict[str, Any]) -> int:
    if message["n"]:
        time.sleep(3 * batch.GROUP_SECONDS)
    return int(message["n"])


def run(channel: str, job: Any) -> None:
    task = app.tasks[mirror.task_name(channel)]
    task.push_request(id="run")
    try:
        attempt.run(task, str(job), 0)
    finally:
        task.pop_request()


def test_error_whose_text_is_not_unicode_fails_the_job(database: str) -> None:
    sent = send("tests.broken", {"text": True}).id
    with pytest.raises(JobFailed):
        run("tests.broken", sent)
    job = Job.objects.using(database).get(pk=sent)
    assert job.state == "failed"
    assert "ValueError: caf?" in job.traceback


@pytest.mark.parametrize("error", [OperationalError("gone"), MemoryError()])
def test_attempt_that_can_not_be_recorded_is_a_retry_to_celery(
    database: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any) -> bool:
        raise error

    monkeypatch.setattr(outcomes, "persevere", fail)
    sent = send("tests.broken", {}).id
    with pytest.raises(CeleryRetry) as raised:
        run("tests.broken", sent)
    assert raised.value.exc is error
    assert Job.objects.using(database).get(pk=sent).state == "running"


def test_group_of_outcomes_that_breaks_takes_no_later_one_with_it(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: list[Any] = []
    together = outcomes.record_together

    def fail_once(group: Any) -> Any:
        if not broken:
            broken.extend(one.job.id for one in group)
            raise RuntimeError("a fault of ours")
        return together(group)

    monkeypatch.setattr(batch, "record_together", fail_once)
    ids = [send("tests.broken.tiny", {"n": n}).id for n in range(4)]
    run("tests.broken.tiny", ids[0])
    states = dict(Job.objects.using(database).values_list("id", "state"))
    assert 1 <= len(broken) < 4
    assert states == {id: "running" if id in broken else "succeeded" for id in ids}
