"""A process that is stopped inside a transaction does not hold its locks for ever."""

from __future__ import annotations

import pytest
from django.db import transaction

from channels_celery import database as ours
from channels_celery import ids
from channels_celery.jobs import ledger
from channels_celery.jobs.ledger import NewJob, Outcome
from channels_celery.jobs.states import State
from channels_celery.repeat import BROKEN
from channels_celery.topics.events import Draft

pytestmark = pytest.mark.usefixtures("published", "rung")

_IDLE = "SHOW idle_in_transaction_session_timeout"


# SQLite frees a stopped process's lock when that ends.
on_postgresql = pytest.mark.parametrize(
    "database",
    [
        pytest.param(
            "postgresql",
            marks=pytest.mark.django_db(transaction=True, databases=["postgresql"]),
        )
    ],
    indirect=True,
)


@on_postgresql
def test_a_transaction_of_ours_that_goes_on_to_nothing_is_ended(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours.close_idle()
    monkeypatch.setattr(ours, "IDLE_TRANSACTION_SECONDS", 0.2)
    with pytest.raises(BROKEN):
        _be_overtaken_inside()


def _be_overtaken_inside() -> None:
    with ours.session() as stopped, stopped.transaction():
        ledger.pause(stopped, "c")
        with ours.session() as other:
            # It waits for the row until the first one has lost it.
            ledger.pause(other, "c")


@on_postgresql
def test_a_handlers_own_transaction_is_bounded_once_it_holds_the_job(database: str) -> None:
    with ours.session() as session:
        new = NewJob(id=ids.uuid7(), channel="c", message="{}", max_attempts=1)
        claim = ledger.claim(
            session, ledger.insert(session, new).id, 0, run="r", max_attempts=1, lease_ms=25_000
        )
    assert claim is not None
    event = Draft(topic="", type="job.succeeded", data="{}", mid="m")
    outcome = Outcome(state=State.SUCCEEDED, result="1")
    with transaction.atomic(using=database), ours.session() as session:
        assert session.rows(_IDLE, {}) == [("0",)]
        assert ledger.finish(session, claim, outcome, event)
        assert session.rows(_IDLE, {}) == [("1min",)]
    with transaction.atomic(using=database), ours.session() as session:
        assert session.rows(_IDLE, {}) == [("0",)]
