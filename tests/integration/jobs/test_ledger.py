from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from django.db import connections, transaction

from channels_celery import database as ours
from channels_celery import ids
from channels_celery.jobs import ledger
from channels_celery.jobs.hints import Hint
from channels_celery.jobs.ledger import Claim, NewJob, Outcome
from channels_celery.jobs.models import Job
from channels_celery.jobs.states import State
from channels_celery.topics.events import Draft, Event
from channels_celery.topics.models import Event as EventRow

pytestmark = pytest.mark.usefixtures("published", "rung")


def new(**more: object) -> NewJob:
    given = {"id": ids.uuid7(), "channel": "c", "message": '{"a":1}', "max_attempts": 3, **more}
    return NewJob(**given)  # type: ignore[arg-type]


def accept(job: NewJob) -> UUID:
    with ours.session() as session:
        return ledger.insert(session, job).id


def claim(job: UUID, fence: int = 0, run: str = "run", lease_ms: int = 25_000) -> Claim | None:
    with ours.session() as session:
        return ledger.claim(session, job, fence, run=run, max_attempts=3, lease_ms=lease_ms)


def claimed(job: UUID, fence: int = 0, run: str = "run", lease_ms: int = 25_000) -> Claim:
    found = claim(job, fence, run, lease_ms)
    assert found is not None
    return found


def event(topic: str = "t", type: str = "job.succeeded", mid: str = "m") -> Draft:
    return Draft(topic=topic, type=type, data="{}", mid=mid)


def finish(found: Claim, mid: str = "m") -> bool:
    outcome = Outcome(state=State.SUCCEEDED, result='{"ok":true}')
    with ours.session() as session:
        return ledger.finish(session, found, outcome, event(found.topic, mid=mid))


def row(job: UUID, alias: str) -> Job:
    return Job.objects.using(alias).get(pk=job)


def seqs(alias: str, topic: str = "t") -> list[int | None]:
    rows = EventRow.objects.using(alias).filter(topic=topic).order_by("id")
    return [one.seq for one in rows]


def test_accepted_job_is_queued_and_hinted(database: str, published: list[Hint]) -> None:
    job = accept(new(topic="t", reply_channel="specific!x"))
    found = row(job, database)
    assert (found.state, found.attempt, found.fence, found.hints) == ("queued", 0, 0, 1)
    assert found.due == found.ready + 2_000
    assert published == [Hint("c", job, 0)]


def test_job_of_a_rolled_back_transaction_never_was(database: str, published: list[Hint]) -> None:
    with transaction.atomic(using=database):
        accept(new())
        transaction.set_rollback(True, using=database)
    assert not Job.objects.using(database).exists()
    assert published == []


def test_hint_waits_for_the_callers_commit(database: str, published: list[Hint]) -> None:
    with transaction.atomic(using=database):
        job = accept(new())
        assert published == []
    assert published == [Hint("c", job, 0)]


def test_delayed_job_is_not_hinted_before_its_time(database: str, published: list[Hint]) -> None:
    found = row(accept(new(delay_ms=60_000)), database)
    assert (found.hints, published) == (0, [])
    assert found.due == found.ready
    assert found.ready >= found.created + 60_000


def test_unique_key_is_taken_until_the_outcome(database: str) -> None:
    first = accept(new(unique_key="k"))
    with ours.session() as session:
        second = ledger.insert(session, new(unique_key="k"))
    assert (second.id, second.duplicate) == (first, True)
    assert accept(new(unique_key="k", channel="other")) != first
    assert finish(claimed(first))
    assert accept(new(unique_key="k")) != first


def test_repeated_insert_is_one_job(database: str) -> None:
    job = new()
    with ours.session() as session:
        assert not ledger.insert(session, job).duplicate
        assert not ledger.insert(session, job).duplicate
    assert Job.objects.using(database).count() == 1


def test_only_one_hint_claims(database: str) -> None:
    job = accept(new())
    found = claimed(job)
    assert (found.attempt, found.fence, found.message) == (1, 1, {"a": 1})
    assert claim(job) is None
    assert claim(job, fence=1) is None


def test_stale_attempt_changes_nothing(database: str) -> None:
    job = accept(new(topic="t"))
    stale = claimed(job, lease_ms=-1)
    with ours.session() as session:
        (lost,) = ledger.lost_leases(session)
        assert ledger.lose(
            session, lost, state=State.RETRYING, at=0, error="{}", event=event(mid="lost")
        )
    again = claimed(job, fence=2)
    assert not finish(stale, mid="stale")
    with ours.session() as session:
        assert not ledger.reply(session, stale, event(mid="r"))[0]
        assert not ledger.retry(session, stale, at=0, error="", traceback="", event=event(mid="x"))
        assert ledger.renew(session, job, "nobody", lease_ms=1) is None
    assert finish(again)
    assert row(job, database).state == "succeeded"
    assert seqs(database) == [1, 2]


def test_outcome_and_event_are_one(database: str, rung: list[Event]) -> None:
    found = claimed(accept(new(topic="t")))
    assert finish(found)
    assert not finish(found)
    assert [(one.seq, one.topic, one.type) for one in rung] == [(1, "t", "job.succeeded")]
    assert row(found.id, database).result == '{"ok":true}'


def test_job_without_topic_logs_nothing(database: str, rung: list[Event]) -> None:
    assert finish(claimed(accept(new())))
    assert not EventRow.objects.using(database).exists()
    assert rung == []


def test_same_reply_key_is_one_event(database: str) -> None:
    found = claimed(accept(new(topic="t")))
    with ours.session() as session:
        reply = event(type="job.reply", mid="k")
        assert ledger.reply(session, found, reply) == (True, True)
        assert ledger.reply(session, found, reply) == (True, False)
    assert seqs(database) == [1]


def test_reply_in_the_handlers_transaction_is_numbered_after_it(
    database: str, rung: list[Event]
) -> None:
    found = claimed(accept(new(topic="t")))
    with transaction.atomic(using=database):
        with ours.session() as session:
            ledger.reply(session, found, event(type="job.reply", mid="k"))
        assert rung == []
    assert [one.seq for one in rung] == [1]


def test_retry_waits_and_its_old_hint_is_stale(database: str) -> None:
    job = accept(new(topic="t"))
    found = claimed(job)
    with ours.session() as session:
        assert ledger.retry(session, found, at=5, error="{}", traceback="", event=event())
    waiting = row(job, database)
    assert (waiting.state, waiting.due, waiting.hints, waiting.lease) == ("retrying", 5, 0, None)
    assert claim(job, fence=0) is None
    assert claimed(job, fence=1).attempt == 2


def test_released_attempt_was_never_made(database: str) -> None:
    job = accept(new(expires_ms=60_000))
    stale = claimed(job)
    with ours.session() as session:
        (lost,) = ledger.lost_runs(session, "run")
        assert ledger.release(session, lost) == Hint("c", job, 2)
        assert ledger.release(session, lost) is None
    assert not finish(stale)
    found = row(job, database)
    assert (found.state, found.attempt, found.losses, found.run) == ("queued", 0, 0, "")
    # It was claimed once: it can not expire any more.
    Job.objects.using(database).update(expires=1)
    assert claimed(job, fence=2).attempt == 1


def test_renewal_keeps_the_lease_and_stores_progress(database: str) -> None:
    job = accept(new())
    found = claimed(job, lease_ms=0)
    with ours.session() as session:
        renewal = ledger.renew(session, job, found.run, lease_ms=60_000, progress="[1,2]")
        assert renewal is not None
        assert not renewal.cancel
        assert ledger.lost_leases(session) == []
        assert ledger.renew(session, job, found.run, lease_ms=60_000) is not None
    assert row(job, database).progress == "[1,2]"


def test_lost_run_is_found_by_the_hint_that_claimed_it(database: str) -> None:
    accept(new())
    job = accept(new())
    claimed(job, run="celery-id")
    with ours.session() as session:
        assert [lost.id for lost in ledger.lost_runs(session, "celery-id")] == [job]
        assert ledger.lost_runs(session, "another") == []


def test_due_hint_is_repeated_once_in_its_interval(database: str) -> None:
    job = accept(new(at_ms=1))
    accept(new(channel="unknown", at_ms=1))
    with ours.session() as session:
        assert ledger.remind(session, ["c", "d"], first=False, limit=10) == []
        assert ledger.remind(session, ["c", "d"], first=True, limit=10) == [Hint("c", job, 0, "{}")]
        assert ledger.remind(session, ["c"], first=True, limit=10) == []
        assert ledger.remind(session, ["c"], first=False, limit=10) == []
    Job.objects.using(database).update(due=1)
    with ours.session() as session:
        assert ledger.remind(session, ["c"], first=False, limit=0) == []
        assert len(ledger.remind(session, ["c"], first=False, limit=1)) == 1


def test_expired_job_is_cancelled_and_not_claimed(database: str) -> None:
    job = accept(new(expires_ms=-1, topic="t"))
    assert claim(job) is None
    with ours.session() as session:
        (late,) = ledger.expired(session)
        assert ledger.expire(session, late, error="{}", event=event(type="job.cancelled"))
        assert ledger.expired(session) == []
    assert row(job, database).state == "cancelled"


def test_redriven_job_is_accepted_anew(database: str, published: list[Hint]) -> None:
    job = accept(new())
    found = claimed(job)
    with ours.session() as session:
        assert not ledger.redrive(session, job)
        failed = Outcome(state=State.FAILED, error='{"code":"failed","message":"no"}')
        assert ledger.finish(session, found, failed, event(""))
        assert ledger.redrive(session, job)
    again = row(job, database)
    assert (again.state, again.attempt, again.fence, again.error) == ("queued", 0, 2, "")
    assert published[-1] == Hint("c", job, 2)


def test_interrupted_transition_is_recognised(database: str) -> None:
    job = accept(new())
    found = claimed(job, run="r")
    with ours.session() as session:
        (ours_already,) = ledger.held_by(session, "c", "r")
        assert replace(ours_already, at=found.at) == found
        assert ledger.held_by(session, "c", "other") == []
        assert ledger.confirm(session, found) is None
    assert finish(found)
    with ours.session() as session:
        assert ledger.confirm(session, found) is State.SUCCEEDED
        assert ledger.confirm(session, replace(found, fence=2)) is None
        assert ledger.held_by(session, "c", "r") == []


def test_worker_lives_while_it_beats(database: str) -> None:
    worker = ledger.LiveWorker(
        id="w", host="h", pid=1, slots=2, queues=frozenset({"celery"}), channels=frozenset({"c"})
    )
    with ours.session() as session:
        ledger.beat(session, worker)
        ledger.beat(session, worker)
        assert ledger.live_workers(session) == [worker]
        ledger.leave(session, "w")
        assert ledger.live_workers(session) == []


def test_own_connections_are_apart_from_djangos(database: str) -> None:
    with ours.session() as session:
        assert not session.joined
    with transaction.atomic(using=database), ours.session() as session:
        assert session.joined
        assert session.vendor == connections[database].vendor
