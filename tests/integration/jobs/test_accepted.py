"""What a topic's followers hear when a job is accepted."""

from __future__ import annotations

import pytest
from django.db import transaction

from channels_celery import channel_task, send
from channels_celery import database as ours
from channels_celery.jobs import announcing, ledger
from channels_celery.jobs.hints import Hint
from channels_celery.jobs.models import Job
from channels_celery.topics import doorbell
from channels_celery.topics.events import Event


@channel_task("tests.accepted", max_retries=2)
def work(job: object, message: object) -> None: ...


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    found: list[Event] = []
    monkeypatch.setattr(doorbell, "ring", found.append)
    # A reply channel's consumer has sent the message itself.
    monkeypatch.setattr(announcing, "tell", lambda *_: pytest.fail("told to the reply channel"))
    return found


def test_followers_hear_of_a_job_once_it_is_committed(
    database: str, published: list[Hint], told: list[Event]
) -> None:
    send("tests.accepted", {})
    with transaction.atomic(using=database):
        receipt = send("tests.accepted", {}, topic="t", reply_channel="a!b", countdown=60)
        assert told == []
    (event,) = told
    assert (event.topic, event.type, event.seq) == ("t", "job.accepted", None)
    assert event.value == {
        "job": str(receipt.id),
        "channel": "tests.accepted",
        "fence": 0,
        "attempt": 0,
        "max_attempts": 3,
    }
    assert len(published) == 1


def test_followers_hear_that_a_failed_job_is_accepted_again(
    database: str, published: list[Hint], told: list[Event]
) -> None:
    job = send("tests.accepted", {}, topic="t", unique_key="one").id
    send("tests.accepted", {}, topic="t", unique_key="one")
    Job.objects.using(database).filter(pk=job).update(state="failed", attempt=3, fence=3)
    with ours.session() as session:
        assert ledger.redrive(session, job)
        assert not ledger.redrive(session, job)
    assert [(event.type, event.value["fence"]) for event in told] == [
        ("job.accepted", 0),
        ("job.accepted", 4),
    ]
    assert [hint.fence for hint in published] == [0, 4]
