from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest

from channels_celery import channel_task, ids
from channels_celery import database as ours
from channels_celery.errors import BadOption, JobFailed
from channels_celery.jobs import attempt, batch, hints, ledger, losses, mirror
from channels_celery.jobs.hints import Hint
from channels_celery.jobs.ledger import Claim, NewJob
from channels_celery.jobs.models import Job
from channels_celery.topics.models import Event
from tests.integration.jobs.watch import Send, ended, job, types
from tests.integration.jobs.worker import worker
from tests.project import app
from tests.services import until


@channel_task("tests.batch", batch=4, max_retries=0)
def small(job: object, message: dict[str, int]) -> int:
    return 100 // message["n"]


def accept(n: int = 1, **more: object) -> UUID:
    given = {"id": ids.uuid7(), "channel": "tests.batch", "message": json.dumps({"n": n})}
    with ours.session() as session:
        new = NewJob(**{**given, "max_attempts": 1, **more})  # type: ignore[arg-type]
        return ledger.insert(session, new).id


def claimed(run: str = "r", lease_ms: int = 25_000) -> list[Claim]:
    with ours.session() as session:
        return ledger.claim_batch(
            session, "tests.batch", size=4, run=run, max_attempts=1, lease_ms=lease_ms
        )


def states(alias: str) -> Counter[str]:
    return Counter(Job.objects.using(alias).values_list("state", flat=True))


def work(job: UUID, fence: int = 0) -> None:
    """One Celery task in this process."""
    task = app.tasks[mirror.task_name("tests.batch")]
    task.push_request(id=str(ids.uuid7()))
    try:
        attempt.run(task, str(job), fence)
    finally:
        task.pop_request()


def test_batch_takes_first_attempts_the_oldest_first(database: str, published: list[Hint]) -> None:
    jobs = [accept() for _ in range(6)]
    accept(delay_ms=60_000)
    accept(channel="other")
    Job.objects.using(database).filter(pk=jobs[0]).update(attempt=1, state="retrying")
    Job.objects.using(database).filter(pk=jobs[1]).update(losses=1)
    assert [claim.id for claim in claimed()] == jobs[2:]
    assert claimed() == []
    with ours.session() as session:
        ledger.pause(session, "tests.batch")
        accept()
        assert claimed() == []


def test_one_task_works_on_many_and_each_has_its_own_outcome(
    database: str, published: list[Hint], rung: list[object]
) -> None:
    jobs = [accept(1), accept(0, topic="t"), accept(2, topic="t"), accept(4), accept(5)]
    with pytest.raises(JobFailed):
        work(jobs[0])
    assert states(database) == {"succeeded": 3, "failed": 1, "queued": 1}
    results = {one.pk: one.result for one in Job.objects.using(database).all()}
    assert [results[id] for id in jobs] == ["100", None, "50", "25", None]
    assert set(Event.objects.using(database).values_list("type", flat=True)) == {
        "job.failed",
        "job.succeeded",
    }
    work(jobs[0])
    assert states(database) == {"succeeded": 4, "failed": 1}


def test_batch_that_takes_too_long_gives_the_rest_back(
    database: str, published: list[Hint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "BATCH_SECONDS", -1.0)
    jobs = [accept() for _ in range(3)]
    del published[:]
    work(jobs[0])
    found = Job.objects.using(database)
    assert {(one.state, one.attempt, one.losses) for one in found.all()} == {("queued", 0, 0)}
    assert published == [Hint("tests.batch", id, 2) for id in jobs]


def test_stale_outcomes_of_a_batch_change_nothing(database: str, published: list[Hint]) -> None:
    jobs = [accept() for _ in range(3)]
    claims = claimed()
    with ours.session() as session:
        ledger.release(session, claims[0])
        done = ledger.succeed_together(session, [(claim, '"é"') for claim in claims])
        assert done == set(jobs[1:])
        assert ledger.succeed_together(session, [(claim, "1") for claim in claims]) == set()
    assert job(database, jobs[1]).result == '"é"'
    assert job(database, jobs[0]).state == "queued"


def test_mates_of_a_lost_batch_run_alone_and_lose_no_attempt(
    database: str, published: list[Hint]
) -> None:
    jobs = [accept() for _ in range(3)]
    claimed(lease_ms=-1)
    del published[:]
    with ours.session() as session:
        losses.reap(session)
    # The last to be looked at is alone by then, but was in the batch when its process ended.
    assert states(database) == {"queued": 3}
    assert {hint.job for hint in published} == set(jobs)
    assert {hint.fence for hint in published} == {2}
    assert claimed() == []


def test_one_hint_is_published_for_each_batch() -> None:
    first = [Hint("tests.batch", ids.uuid7(), 0) for _ in range(9)]
    again = Hint("tests.batch", first[0].job, 2)
    unknown = Hint("tests.no-such-channel", first[0].job, 0)
    found = list(hints.grouped([*first, again, unknown]))
    assert found == [first[0], first[4], first[8], again, unknown]


def test_batch_and_max_running_exclude_each_other() -> None:
    with pytest.raises(BadOption, match="exclude each other"):
        channel_task("tests.both", batch=2, max_running=2)(lambda job, message: None)


def test_worker_runs_batches_and_survives_a_killer(
    database: str, env: dict[str, str], send: Send, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    sent = [send("tiny", {"n": n}, hinted=False, max_attempts=1) for n in range(60)]
    killer = send("tiny", {"n": 0, "by": "kill"}, hinted=False, max_attempts=1, topic="killer")
    failing = send("tiny", {"n": 0, "by": "fail"}, hinted=False, max_attempts=1, topic="failing")
    with worker(database, env, log, "-c", "2"):
        found = [ended(database, id, seconds=40) for id in sent]
        assert [json.loads(one.result or "") for one in found] == list(range(60))
        assert {one.attempt for one in found} == {1}
        until(lambda: job(database, killer).state == "failed", seconds=20, what="end of the killer")
        assert json.loads(job(database, killer).error)["code"] == "lost"
        assert types(database, "killer") == ["job.failed"]
        # It was the killer's mate: it runs alone as well.
        until(lambda: job(database, failing).state == "failed", what="end of the failing one")
        assert types(database, "failing") == ["job.failed"]
        assert json.loads(job(database, failing).error)["code"] == "failed"
        # 62 first runs in batches of 16; the killer's mates, and it, run alone.
        assert log.read_text().count("Task channel.tiny[") < 62
