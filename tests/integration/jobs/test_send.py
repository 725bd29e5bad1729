from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, InternalError, connections, transaction

from channels_celery import Fail, channel_task, send
from channels_celery import database as ours
from channels_celery.errors import BadMessage, BadOption, BadTopic, DatabaseAway, UnknownChannel
from channels_celery.jobs.hints import Hint
from channels_celery.jobs.models import Job


@channel_task("tests.send", max_retries=5)
def work(job: Any, message: Any) -> None:
    raise Fail("No test runs it.")


class Boom(Exception):
    """Rolls a test's transaction back."""


def send_and_fail(alias: str) -> None:
    with transaction.atomic(using=alias):
        send("tests.send", {})
        raise Boom


def break_and_send(alias: str) -> None:
    with transaction.atomic(using=alias):
        with connections[alias].cursor() as cursor, suppress(DatabaseError):
            cursor.execute("SELECT 1 / 0")
        send("tests.send", {})


def jobs(alias: str) -> list[Job]:
    return list(Job.objects.using(alias).order_by("id"))


def test_accepted_job_is_queued_with_its_options(database: str, published: list[Hint]) -> None:
    receipt = send("tests.send", {"photo": 7}, topic="photo.7", reply_channel="specific.a!b")
    (job,) = jobs(database)
    assert (job.pk, receipt.duplicate) == (receipt.id, False)
    assert json.loads(job.message) == {"photo": 7}
    assert (job.state, job.attempt, job.max_attempts) == ("queued", 0, 6)
    assert (job.topic, job.reply_channel) == ("photo.7", "specific.a!b")
    assert [(hint.job, hint.fence) for hint in published] == [(receipt.id, 0)]


def test_job_commits_with_the_callers_transaction(database: str, published: list[Hint]) -> None:
    with transaction.atomic(using=database):
        send("tests.send", {})
        assert not published
    assert len(jobs(database)) == len(published) == 1


def test_rolled_back_transaction_leaves_no_job(database: str, published: list[Hint]) -> None:
    with pytest.raises(Boom):
        send_and_fail(database)
    assert (jobs(database), published) == ([], [])


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ({"channel": "tests.sned"}, UnknownChannel, "Did you mean 'tests.send'"),
        ({"message": {"photo": uuid.UUID(int=1)}}, BadMessage, r'message\["photo"\]: UUID'),
        ({"message": {"at": float("nan")}}, BadMessage, r'message\["at"\]: nan'),
        ({"message": {1: 2}}, BadMessage, "the key 1"),
        ({"message": {"n": 10**5000}}, BadMessage, r'message\["n"\]: an integer'),
        ({"message": {"data": "x" * 1_000_001}}, BadMessage, "1,000,000"),
        ({"message": ["photo"]}, BadMessage, "list is no dict"),
        ({"topic": "a b"}, BadTopic, "a b"),
        ({"topic": 7}, BadTopic, "7"),
        ({"reply_channel": "a b"}, BadOption, "reply_channel"),
        ({"reply_channel": 7}, BadOption, "reply_channel"),
        ({"unique_key": 7}, BadOption, "unique_key"),
        ({"unique_key": ""}, BadOption, "unique_key"),
        ({"unique_key": "a\x00b"}, BadMessage, "NUL"),
        ({"tpoic": "a"}, BadOption, "did you mean 'topic'"),
        ({"countdown": -1}, BadOption, "countdown"),
        ({"countdown": float("nan")}, BadOption, "countdown"),
        ({"countdown": "5"}, BadOption, "countdown"),
        ({"eta": 5}, BadOption, "eta"),
        ({"countdown": 1, "eta": datetime.now(UTC)}, BadOption, "one of them"),
        ({"expires": 0}, BadOption, "expires"),
        ({"expires": datetime(2020, 1, 1, tzinfo=UTC)}, BadOption, "over already"),
    ],
)
def test_a_refusal_names_place_and_remedy_and_accepts_nothing(
    database: str, published: list[Hint], given: dict[str, Any], error: type, text: str
) -> None:
    with pytest.raises(error, match=text):
        send(**{"channel": "tests.send", "message": {}, **given})
    assert (jobs(database), published) == ([], [])


def test_unique_key_is_one_job_while_it_is_open(database: str, published: list[Hint]) -> None:
    first = send("tests.send", {"n": 1}, unique_key="a")
    second = send("tests.send", {"n": 2}, unique_key="a", topic="t")
    assert (second.id, second.duplicate) == (first.id, True)
    (job,) = jobs(database)
    assert (json.loads(job.message), job.topic) == ({"n": 1}, "")
    Job.objects.using(database).update(state="succeeded")
    assert not send("tests.send", {"n": 3}, unique_key="a").duplicate


@pytest.mark.parametrize(
    "start",
    [
        lambda: {"countdown": 60},
        lambda: {"countdown": timedelta(minutes=1)},
        lambda: {"eta": datetime.now(UTC) + timedelta(minutes=1)},
        lambda: {"eta": datetime.now() + timedelta(minutes=1)},
    ],
)
def test_job_for_later_waits_without_a_hint(
    database: str, published: list[Hint], start: Callable[[], dict[str, Any]], settings: Any
) -> None:
    settings.TIME_ZONE = "UTC"
    send("tests.send", {}, **start())
    (job,) = jobs(database)
    assert 55_000 < job.ready - job.created < 65_000
    assert (job.hints, published) == (0, [])


def test_expiry_is_seconds_or_a_moment(database: str, published: list[Hint]) -> None:
    send("tests.send", {}, expires=30)
    send("tests.send", {}, expires=datetime.now(UTC) + timedelta(seconds=30))
    for job in jobs(database):
        assert job.expires is not None
        assert 25_000 < job.expires - job.created < 35_000


@pytest.fixture
def cut(database: str) -> Iterator[Callable[[], None]]:
    """Cuts the library's idle connections, as a restart of PostgreSQL would."""

    def cut_now() -> None:
        with connections[database].cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    yield cut_now
    ours.close_idle()


@pytest.mark.parametrize(
    "database",
    [
        pytest.param(
            "postgresql", marks=pytest.mark.django_db(transaction=True, databases=["postgresql"])
        )
    ],
    indirect=True,
)
def test_connections_that_broke_while_idle_cost_no_job(
    database: str, published: list[Hint], cut: Callable[[], None]
) -> None:
    send("tests.send", {})
    cut()
    receipt = send("tests.send", {})
    assert receipt.id in {job.pk for job in jobs(database)}


@pytest.mark.parametrize(
    "database",
    [
        pytest.param(
            "postgresql", marks=pytest.mark.django_db(transaction=True, databases=["postgresql"])
        )
    ],
    indirect=True,
)
def test_a_transaction_that_the_caller_broke_is_not_called_a_database_away(
    database: str, published: list[Hint]
) -> None:
    with pytest.raises(InternalError, match="aborted"):
        break_and_send(database)
    assert (jobs(database), published) == ([], [])


def test_a_project_that_commits_by_hand_has_its_jobs_committed(
    database: str, published: list[Hint], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours.close_idle()
    by_hand = {**connections.settings[database], "AUTOCOMMIT": False}
    monkeypatch.setitem(connections.settings, database, by_hand)
    receipt = send("tests.send", {})
    ours.close_idle()
    assert [job.pk for job in jobs(database)] == [receipt.id]


def test_database_that_is_away_refuses_at_once(
    database: str, published: list[Hint], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ours.close_idle()
    nowhere = {"sqlite": {"NAME": str(tmp_path / "none" / "db")}, "postgresql": {"HOST": "/none"}}
    away = {**connections.settings[database], **nowhere[connections[database].vendor]}
    monkeypatch.setitem(connections.settings, database, away)
    with pytest.raises(DatabaseAway, match=f"'{database}' does not answer, nothing is known"):
        send("tests.send", {})
    assert published == []
