from __future__ import annotations

import time
from uuid import UUID

import pytest

from channels_celery import database as ours
from channels_celery import ids
from channels_celery.jobs import pruning
from channels_celery.jobs.ledger import LiveWorker, NewJob, beat, insert
from channels_celery.jobs.models import Job
from channels_celery.jobs.pruning import Pruner

pytestmark = pytest.mark.usefixtures("published")

DAY_MS = 86_400_000


def ended(alias: str, state: str, days: float) -> UUID:
    """A job that was sent and ended so many days ago."""
    then = int(time.time() * 1_000 - days * DAY_MS)
    id = UUID(int=(then << 80) | (ids.uuid7().int & (2**80 - 1)))
    with ours.session() as session:
        insert(session, NewJob(id=id, channel="c", message="{}", max_attempts=1))
    Job.objects.using(alias).filter(pk=id).update(state=state, finished=then)
    return id


def left(alias: str) -> set[UUID]:
    return set(Job.objects.using(alias).values_list("pk", flat=True))


def test_jobs_go_when_their_time_is_over(database: str) -> None:
    old = [(state, 8.0) for state in ("succeeded", "cancelled")] + [("failed", 31.0)]
    kept = [(state, 6.9) for state in ("succeeded", "cancelled")]
    kept += [("failed", 29.0), ("queued", 40.0), ("running", 40.0), ("retrying", 40.0)]
    for state, days in old:
        ended(database, state, days)
    expected = {ended(database, state, days) for state, days in kept}
    with ours.session() as session:
        Pruner("me").step(session)
    assert left(database) == expected


def test_many_are_removed_in_small_steps(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "CHUNK", 3)
    for _ in range(10):
        ended(database, "succeeded", 20.0)
    kept = {ended(database, "failed", 10.0) for _ in range(4)}
    monkeypatch.setattr(pruning, "BUDGET_SECONDS", 0.0)
    pruner = Pruner("me")
    with ours.session() as session:
        pruner.step(session)
        assert len(left(database)) == 11
        pruner.step(session)
        assert len(left(database)) == 8
        monkeypatch.setattr(pruning, "BUDGET_SECONDS", 20.0)
        pruner.step(session)
    assert left(database) == kept


def test_one_worker_prunes_for_all(database: str) -> None:
    ended(database, "succeeded", 10.0)
    nothing: frozenset[str] = frozenset()
    with ours.session() as session:
        beat(
            session, LiveWorker(id="a", host="h", pid=1, slots=1, queues=nothing, channels=nothing)
        )
        Pruner("b").step(session)
        assert len(left(database)) == 1
        Pruner("a").step(session)
    assert left(database) == set()
