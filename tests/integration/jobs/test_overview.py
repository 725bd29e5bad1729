from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError
from django.test import RequestFactory

from channels_celery import channel_task, metrics, send
from channels_celery import database as ours
from channels_celery.jobs import ledger, operating, overview, stuck
from channels_celery.jobs.hints import Broker
from channels_celery.jobs.ledger import LiveWorker
from channels_celery.jobs.models import Job
from channels_celery.jobs.overview import Tally

pytestmark = pytest.mark.usefixtures("published")


@channel_task("tests.overview", queue='say "hi"')
def work(job: Any, message: Any) -> None: ...


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Broker, "messages", lambda self, queue: 7)


@pytest.fixture
def scene(database: str) -> UUID:
    """Two waiting jobs, one of them stuck, one for later, one running; the stuck one's id."""
    old, _ = send("tests.overview", {}).id, send("tests.overview", {})
    send("tests.overview", {}, countdown=600)
    running = send("tests.overview", {}).id
    with ours.session() as session:
        assert ledger.claim(session, running, 0, run="r", max_attempts=4, lease_ms=25_000)
        live = LiveWorker(id="w", host="h", pid=1, slots=4, queues={"celery"}, channels=set())
        ledger.beat(session, live)
    Job.objects.using(database).filter(pk=old).update(ready=stuck.present() - 60_000)
    return old


def tally() -> Tally:
    return next(one for one in overview.tallies() if one.channel == "tests.overview")


def test_tally_counts_what_has_no_outcome(scene: UUID) -> None:
    found = tally()
    assert found.states == {"queued": 3, "running": 1}
    assert (found.due, found.later, found.running, found.failed) == (2, 1, 1, 0)
    assert 60_000 <= found.oldest_ms < 90_000
    assert (found.stuck, found.reason) == (1, 'no worker listens on queue say "hi"')
    assert overview.summary([found]) == (
        '1 stuck (tests.overview): no worker listens on queue say "hi"'
    )


def test_paused_channel_is_tallied_without_jobs(database: str) -> None:
    operating.pause("tests.overview")
    assert tally().paused
    operating.pause("of-another-version")
    assert "of-another-version" in [one.channel for one in overview.tallies()]
    assert overview.summary(overview.tallies()) == ""


def scrape() -> tuple[int, str]:
    answer = metrics.view(RequestFactory().get("/metrics"))
    return answer.status_code, answer.content.decode()


def test_metrics_say_the_same_in_prometheus_text(scene: UUID) -> None:
    status, text = scrape()
    assert status == 200
    for line in (
        'channels_celery_jobs{channel="tests.overview",state="queued"} 3',
        'channels_celery_jobs{channel="tests.overview",state="running"} 1',
        'channels_celery_waiting_jobs{channel="tests.overview"} 2',
        'channels_celery_stuck_jobs{channel="tests.overview",'
        r'reason="no worker listens on queue say \"hi\""} 1',
        'channels_celery_channel_paused{channel="tests.overview"} 0',
        "channels_celery_workers 1",
        "channels_celery_slots 4",
        "channels_celery_broker_up 1",
        r'channels_celery_queue_messages{queue="say \"hi\""} 7',
        "# TYPE channels_celery_hub_late_sweeps_total counter",
        "channels_celery_hub_behind 0",
    ):
        assert line in text.splitlines()
    sample = re.compile(r'[a-z_]+(\{([a-z]+="([^"\\\n]|\\.)*",?)+\})? [0-9.e+]+')
    for line in text.splitlines():
        assert line.startswith(("# HELP ", "# TYPE ")) or sample.fullmatch(line), line


def test_metrics_name_a_broker_that_is_away(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object, queue: str) -> int:
        raise ConnectionRefusedError

    monkeypatch.setattr(Broker, "messages", refuse)
    status, text = scrape()
    assert (status, "channels_celery_broker_up 0" in text.splitlines()) == (200, True)


def test_metrics_are_away_with_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError

    monkeypatch.setattr(overview, "tallies", refuse)
    assert scrape() == (503, "# The database is away.\n")
