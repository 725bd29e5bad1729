from __future__ import annotations

import json

import pytest
from django.db import transaction

from channels_celery import database as ours
from channels_celery import ids
from channels_celery.jobs import ledger, losses
from channels_celery.jobs.ledger import Claim, NewJob
from channels_celery.jobs.models import Job
from channels_celery.topics.events import Draft
from channels_celery.topics.models import Event

pytestmark = pytest.mark.usefixtures("published", "rung")


def accept(**more: object) -> NewJob:
    given = {"id": ids.uuid7(), "channel": "c", "message": "{}", "max_attempts": 3, **more}
    new = NewJob(topic="t", **given)  # type: ignore[arg-type]
    with ours.session() as session:
        ledger.insert(session, new)
    return new


def claimed(job: NewJob, lease_ms: int = 25_000) -> Claim:
    with ours.session() as session:
        found = ledger.claim(session, job.id, 0, run="r", max_attempts=3, lease_ms=lease_ms)
    assert found is not None
    return found


def cancel(job: NewJob) -> bool:
    with ours.session() as session:
        return ledger.cancel(session, job.id)


def row(job: NewJob, alias: str) -> Job:
    return Job.objects.using(alias).get(pk=job.id)


def types(alias: str) -> list[str]:
    return list(Event.objects.using(alias).order_by("seq").values_list("type", flat=True))


def test_waiting_job_is_cancelled_at_once(database: str) -> None:
    job = accept(unique_key="k", delay_ms=60_000)
    assert cancel(job)
    found = row(job, database)
    assert (found.state, found.fence, found.due) == ("cancelled", 1, None)
    assert json.loads(found.error) == {"code": "cancelled", "message": "The work was cancelled."}
    assert types(database) == ["job.cancelled"]
    assert not cancel(job)
    # Its key is free again.
    assert row(accept(unique_key="k"), database).state == "queued"


def test_cancelled_job_of_a_rolled_back_transaction_still_runs(database: str) -> None:
    job = accept()
    with transaction.atomic(using=database):
        assert cancel(job)
        transaction.set_rollback(True, using=database)
    assert claimed(job).attempt == 1


def test_running_job_is_asked_by_its_heartbeat(database: str) -> None:
    job = accept()
    claim = claimed(job)
    assert cancel(job)
    assert cancel(job)
    with ours.session() as session:
        renewal = ledger.renew(session, job.id, claim.run, lease_ms=1_000)
        assert renewal is not None
        assert renewal.cancel
    assert row(job, database).state == "running"
    assert types(database) == []


def test_job_that_was_asked_to_stop_gets_no_other_run(database: str) -> None:
    failing, lost = accept(), accept()
    claim = claimed(failing)
    claimed(lost, lease_ms=-1)
    assert cancel(failing)
    assert cancel(lost)
    event = Draft(topic="t", type="job.retrying", data="{}", mid="m")
    with ours.session() as session:
        assert not ledger.retry(session, claim, at=1, error="", traceback="", event=event)
        losses.reap(session)
    assert row(failing, database).state == "running"
    assert row(lost, database).state == "cancelled"
    assert types(database) == ["job.cancelled"]


def test_handler_that_does_not_stop_loses_its_fence(database: str) -> None:
    job = accept()
    claim = claimed(job)
    assert cancel(job)
    with ours.session() as session:
        assert ledger.overdue(session, 60_000) == []
        (late,) = ledger.overdue(session, -1)
        assert not ledger.taken(session, job.id, run=claim.run, fence=claim.fence)
        assert ledger.end_cancelled(session, late)
        assert not ledger.end_cancelled(session, late)
        assert ledger.taken(session, job.id, run=claim.run, fence=claim.fence)
        assert ledger.renew(session, job.id, claim.run, lease_ms=1) is None
    assert types(database) == ["job.cancelled"]
