from __future__ import annotations

import threading
from uuid import UUID

import pytest
from django.db import connections

from channels_celery import channel_task, ids
from channels_celery import database as ours
from channels_celery.jobs import backlog, hints, ledger, losses, slots
from channels_celery.jobs.hints import Hint
from channels_celery.jobs.ledger import Claim, NewJob, Outcome
from channels_celery.jobs.models import Job
from channels_celery.jobs.states import State
from channels_celery.topics.events import Draft

pytestmark = pytest.mark.usefixtures("rung")

LIMIT = 3


@channel_task("tests.slots", max_running=LIMIT)
def limited(job: object, message: object) -> None: ...


def accept(**more: object) -> UUID:
    given = {"id": ids.uuid7(), "channel": "tests.slots", "message": "{}", "max_attempts": 3}
    with ours.session() as session:
        return ledger.insert(session, NewJob(**{**given, **more})).id  # type: ignore[arg-type]


def claim(job: UUID, run: str = "r", fence: int = 0) -> Claim | None:
    with ours.session() as session:
        return ledger.claim_in_slot(
            session, "tests.slots", job, fence,
            limit=LIMIT, run=run, max_attempts=3, lease_ms=25_000,
        )  # fmt: skip


def finish(claim: Claim) -> None:
    with ours.session() as session:
        outcome = Outcome(state=State.SUCCEEDED, result="null")
        draft = Draft(topic="", type="job.succeeded", data="{}", mid="m")
        assert ledger.finish(session, claim, outcome, draft)


def test_forty_claimers_at_once_get_no_more_than_the_slots(
    database: str, published: list[Hint]
) -> None:
    jobs = [accept() for _ in range(40)]
    for _ in range(3):
        won: list[Claim] = []
        together = threading.Barrier(len(jobs))

        def run(job: UUID, together: threading.Barrier = together, won: list[Claim] = won) -> None:
            together.wait()
            if found := claim(job, run=str(job)):
                won.append(found)
            connections.close_all()

        threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({one.id for one in won}) == LIMIT
        assert Job.objects.using(database).filter(state="running").count() == LIMIT
        for one in won:
            finish(one)


def test_freed_slot_goes_to_who_has_waited_longest(database: str, published: list[Hint]) -> None:
    first, second, *others = [accept() for _ in range(LIMIT + 2)]
    claims = [claim(job) for job in (first, second, others[0])]
    assert all(claims)
    assert claim(others[1]) is None
    del published[:]
    assert claims[0] is not None
    finish(claims[0])
    with ours.session() as session:
        assert slots.free(session, "tests.slots", LIMIT) == 1
        slots.freed(session, "tests.slots")
        assert published == [Hint("tests.slots", others[1], 0)]
    # A hint whose job has run meanwhile serves the next one.
    found = claim(first)
    assert found is not None
    assert found.id == others[1]


def test_lost_job_frees_its_slot(database: str, published: list[Hint]) -> None:
    jobs = [accept(max_attempts=1) for _ in range(LIMIT + 1)]
    for job in jobs[:LIMIT]:
        claim(job, run=str(job))
    Job.objects.using(database).filter(pk=jobs[0]).update(lease=0, attempt=3)
    del published[:]
    with ours.session() as session:
        losses.reap(session)
    assert published == [Hint("tests.slots", jobs[LIMIT], 0)]


def test_no_more_hints_are_repeated_than_slots_are_free(
    database: str, published: list[Hint], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broker:
        def messages(self, queue: str) -> int:
            return 0

        def publish(self, hint: Hint) -> None:
            published.append(hint)

    monkeypatch.setattr(backlog, "queues", lambda: {"celery": ["tests.slots"]})
    jobs = [accept() for _ in range(5)] + [accept(delay_ms=1) for _ in range(5)]
    claim(jobs[0])
    Job.objects.using(database).filter(state="queued").update(due=1)
    del published[:]
    with ours.session() as session:
        broker: hints.Broker = Broker()  # type: ignore[assignment]
        backlog.repeat(session, broker, "me", 2.0)
        assert len(published) == LIMIT - 1
        ledger.pause(session, "tests.slots")
        backlog.repeat(session, broker, "me", 2.0)
        assert len(published) == LIMIT - 1
        assert claim(published[0].job) is None
        ledger.resume(session, "tests.slots")
        backlog.repeat(session, broker, "me", 2.0)
        assert len(published) == 2 * (LIMIT - 1)
    assert claim(published[0].job) is not None


def test_paused_channel_claims_nothing(database: str, published: list[Hint]) -> None:
    job = accept(channel="plain")
    with ours.session() as session:
        ledger.pause(session, "plain")
        ledger.pause(session, "plain")
        assert ledger.claim(session, job, 0, run="r", max_attempts=3, lease_ms=1_000) is None
        ledger.resume(session, "plain")
        assert ledger.claim(session, job, 0, run="r", max_attempts=3, lease_ms=1_000) is not None
