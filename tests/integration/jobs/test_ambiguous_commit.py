"""PostgreSQL has committed, and the connection breaks before it can say so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connections, transaction

from channels_celery import asend, channel_task, send
from channels_celery import database as ours
from channels_celery.jobs import attempt, ledger, mirror
from channels_celery.jobs.hints import Hint
from channels_celery.jobs.models import Job
from channels_celery.topics.models import Event
from tests.integration.jobs.cutting import CuttingProxy
from tests.project import app

pytestmark = [
    pytest.mark.parametrize(
        "database",
        [
            pytest.param(
                "postgresql",
                marks=pytest.mark.django_db(transaction=True, databases=["postgresql"]),
            )
        ],
        indirect=True,
    ),
    pytest.mark.usefixtures("rung"),
]


@channel_task("tests.ambiguous", max_retries=0)
def work(job: Any, message: dict[str, Any]) -> dict[str, Any]:
    job.reply({"step": 1}, key="step")
    if message.get("own"):
        with transaction.atomic(using="postgresql"):
            job.succeed({"own": True})
    return {"attempt": job.attempt}


@pytest.fixture
def proxy(database: str) -> Iterator[CuttingProxy]:
    """Every connection of this process to the database goes through it."""
    given = connections[database].settings_dict
    made = CuttingProxy(Path(given["HOST"]) / ".s.PGSQL.5432")
    before = {name: given[name] for name in ("HOST", "PORT")}
    connections[database].close()
    ours.close_idle()
    given.update(HOST="127.0.0.1", PORT=str(made.port))
    yield made
    connections[database].close()
    ours.close_idle()
    given.update(before)
    made.close()


def run(job: Job) -> None:
    task = app.tasks[mirror.task_name("tests.ambiguous")]
    task.push_request(id="run")
    try:
        attempt.run(task, str(job.pk), 0)
    finally:
        task.pop_request()


def only_job(alias: str) -> Job:
    return Job.objects.using(alias).get()


def types(alias: str) -> list[str]:
    return list(Event.objects.using(alias).order_by("seq").values_list("type", flat=True))


def test_job_is_accepted_once(database: str, proxy: CuttingProxy, published: list[Hint]) -> None:
    proxy.cut_after(b"the only one")
    receipt = send("tests.ambiguous", {"name": "the only one"})
    assert proxy.cuts == 1
    assert (only_job(database).pk, receipt.duplicate) == (receipt.id, False)


async def _asend(many: int) -> list[Any]:
    sent = (asend("tests.ambiguous", {"n": n}) for n in range(many))
    return list(await asyncio.gather(*sent))


def test_jobs_that_share_a_transaction_are_accepted_once(
    database: str, proxy: CuttingProxy, published: list[Hint]
) -> None:
    # The first goes alone, without a COMMIT of its own.
    proxy.cut_after(b"COMMIT")
    receipts = asyncio.run(_asend(20))
    assert proxy.cuts == 1
    accepted = set(Job.objects.using(database).values_list("pk", flat=True))
    assert (accepted, len(accepted)) == ({receipt.id for receipt in receipts}, 20)
    assert not any(receipt.duplicate for receipt in receipts)


def send_in_a_transaction(alias: str) -> None:
    with transaction.atomic(using=alias):
        send("tests.ambiguous", {})


def test_job_of_a_callers_transaction_is_found_by_the_reconciler(
    database: str, proxy: CuttingProxy, published: list[Hint]
) -> None:
    """Only the caller can know what else was in it: it gets the error."""
    proxy.cut_after(b"COMMIT")
    with pytest.raises(OperationalError):
        send_in_a_transaction(database)
    assert (proxy.cuts, published) == (1, [])
    connections[database].close()
    job = only_job(database)
    Job.objects.using(database).update(due=0)
    with ours.session() as session:
        (hint,) = ledger.remind(session, ["tests.ambiguous"], first=False, limit=10)
    assert hint.job == job.pk


#: What the client sends with each transition of an attempt.
TRANSITIONS = {"claim": b"attempt + 1", "reply": b"job.reply", "outcome": b"job.succeeded"}


@pytest.mark.parametrize("cut", [*TRANSITIONS, "COMMIT"])
def test_attempt_goes_on_and_has_one_outcome(
    database: str,
    proxy: CuttingProxy,
    published: list[Hint],
    cut: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    own = cut == "COMMIT"
    send("tests.ambiguous", {"own": own}, topic="t")
    ours.close_idle()
    proxy.cut_after(TRANSITIONS.get(cut, cut.encode()))
    run(only_job(database))
    assert "lost its lease" not in caplog.text
    connections[database].close()
    assert proxy.cuts == 1
    job = only_job(database)
    assert (job.state, job.attempt, job.losses) == ("succeeded", 1, 0)
    assert json.loads(job.result or "") == ({"own": True} if own else {"attempt": 1})
    assert types(database) == ["job.reply", "job.succeeded"]
