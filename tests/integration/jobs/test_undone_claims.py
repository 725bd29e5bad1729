"""A claim is not synced to disk: what a power cut may undo, and what else stays synced."""

from __future__ import annotations

import pytest
from django.db import connections, transaction

from channels_celery import database as ours
from channels_celery import ids
from channels_celery.database import Session
from channels_celery.jobs import ledger
from channels_celery.jobs.ledger import Claim, NewJob, Outcome
from channels_celery.jobs.models import Job
from channels_celery.jobs.states import State
from channels_celery.topics.events import Draft

pytestmark = pytest.mark.usefixtures("published", "rung")

_LEVEL = {"postgresql": "SHOW synchronous_commit", "sqlite": "PRAGMA synchronous"}
FULL = {"postgresql": "on", "sqlite": 2}
RELAXED = {"postgresql": "off", "sqlite": 1}


def level(session: Session) -> object:
    return session.rows(_LEVEL[session.vendor], {})[0][0]


def claimed(session: Session, run: str) -> Claim:
    job = NewJob(id=ids.uuid7(), channel="c", message="{}", max_attempts=3, topic="t")
    return claim(session, ledger.insert(session, job).id, run)


def claim(session: Session, job: object, run: str) -> Claim:
    found = ledger.claim(session, job, 0, run=run, max_attempts=3, lease_ms=25_000)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_only_a_claim_does_without_the_disk(database: str) -> None:
    with ours.session() as session:
        session.rows("PRAGMA synchronous = FULL", {}) if session.vendor == "sqlite" else None
        claimed(session, "run")
        assert level(session) == FULL[session.vendor]
        with session.relaxed(), session.transaction():
            claimed(session, "run")
            assert level(session) == RELAXED[session.vendor]
        assert level(session) == FULL[session.vendor]


def test_a_callers_transaction_is_synced_though_it_claims(database: str) -> None:
    with transaction.atomic(using=database), ours.session() as session:
        before = level(session)
        claimed(session, "run")
        assert level(session) == before
        assert connections[database].in_atomic_block


def test_an_attempt_whose_claim_was_undone_can_not_write(database: str) -> None:
    with ours.session() as session:
        lost = claimed(session, "lost")
        # As the row is again after the power cut; then somebody else claims it.
        Job.objects.using(database).update(state="queued", attempt=0, fence=0, run="", lease=None)
        held = claim(session, lost.id, "held")
        assert held.fence == lost.fence
        event = Draft(topic="t", type="job.succeeded", data="{}", mid="m")
        done = Outcome(state=State.SUCCEEDED, result="1")
        assert not ledger.finish(session, lost, done, event)
        assert not ledger.retry(session, lost, at=0, error="", traceback="", event=event)
        assert ledger.reply(session, lost, event) == (False, False)
        assert ledger.renew(session, lost.id, lost.run, lease_ms=1) is None
        assert ledger.release(session, lost) is None
        assert ledger.succeed_together(session, [(lost, "1")]) == set()
        assert ledger.confirm(session, lost) is None
        assert ledger.finish(session, held, done, event)
