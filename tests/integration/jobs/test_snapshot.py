from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import OperationalError
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import reverse

from channels_celery import channel_task, send, topics
from channels_celery.jobs import views
from channels_celery.jobs.models import Job
from channels_celery.topics import access

pytestmark = pytest.mark.usefixtures("published")

OWNER, STRANGER, STAFF = User(pk=1), User(pk=2), User(pk=3, is_staff=True)


@channel_task("tests.snapshot")
def work(job: Any, message: Any) -> None: ...


@pytest.fixture(autouse=True)
def rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Topic `mine.<pk>` is the user's of that key."""
    monkeypatch.setattr(access, "_rules", dict(access._rules))
    topics.rule("mine.<int:pk>")(lambda visitor, pk: visitor.user.pk == pk)


def get(job: UUID, user: Any) -> HttpResponse:
    request = RequestFactory().get(f"/jobs/{job}/")
    request.user = user
    return views.job(request, job)


def seen(job: UUID) -> dict[str, Any]:
    response = get(job, OWNER)
    assert response.status_code == 200
    return dict(json.loads(response.content))


def test_address_is_the_jobs_id() -> None:
    job = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    path = reverse("job", args=[job], urlconf="channels_celery.urls")
    assert path == "/jobs/01890a5d-ac96-774b-bcce-b302099a8057/"


def test_who_may_read_the_topic_may_read_the_job(database: str) -> None:
    job = send("tests.snapshot", {"secret": 1}, topic="mine.1").id
    known = seen(job)
    assert {key: known[key] for key in ("job", "channel", "state", "topic", "fence")} == {
        "job": str(job),
        "channel": "tests.snapshot",
        "state": "queued",
        "topic": "mine.1",
        "fence": 0,
    }
    assert (known["attempt"], known["max_attempts"]) == (0, 4)
    assert "secret" not in json.dumps(known)


@pytest.mark.parametrize("user", [STRANGER, STAFF, AnonymousUser()])
def test_for_others_the_job_does_not_exist(database: str, user: Any) -> None:
    job = send("tests.snapshot", {}, topic="mine.1").id
    hidden, missing = get(job, user), get(uuid4(), user)
    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert hidden.content == missing.content


def test_job_of_a_topic_without_a_rule_is_nobodys(database: str) -> None:
    job = send("tests.snapshot", {}, topic="no.rule").id
    assert get(job, STAFF).status_code == 404


def test_job_without_a_topic_is_for_staff_only(database: str) -> None:
    job = send("tests.snapshot", {}).id
    assert get(job, STAFF).status_code == 200
    assert json.loads(get(job, STAFF).content)["position"] is None
    for user in (OWNER, AnonymousUser()):
        assert get(job, user).status_code == 404


def test_position_is_where_the_topic_is(database: str) -> None:
    job = send("tests.snapshot", {}, topic="mine.1").id
    assert seen(job)["position"] == {"epoch": "", "seq": 0, "mid": ""}
    event = topics.publish("mine.1", "hello", {})
    position = seen(job)["position"]
    assert (position["seq"], position["mid"]) == (1, event.mid)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {"state": "running", "progress": "[3, 10]", "error": '{"code":"failed","message":"M"}'},
            {"progress": [3, 10]},
        ),
        ({"state": "succeeded", "result": '{"sizes":2}'}, {"result": {"sizes": 2}}),
        ({"state": "succeeded", "result": "null"}, {"result": None}),
        (
            {"state": "failed", "error": '{"code":"failed","message":"No image."}'},
            {"error": {"code": "failed", "message": "No image."}},
        ),
        (
            {"state": "retrying", "ready": 17, "error": '{"code":"internal","message":"M"}'},
            {"next_at": 17, "error": {"code": "internal", "message": "M"}},
        ),
    ],
)
def test_each_state_has_its_keys(
    database: str, row: dict[str, Any], expected: dict[str, Any]
) -> None:
    job = send("tests.snapshot", {}, topic="mine.1").id
    Job.objects.using(database).filter(pk=job).update(**row, traceback="of the operator's alone")
    known = seen(job)
    told = {"progress", "result", "error", "next_at"} & set(known)
    assert {key: known[key] for key in told} == expected
    assert "operator" not in json.dumps(known)


def test_database_that_is_away_is_a_503_to_try_again(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(job: UUID) -> str:
        raise OperationalError("gone")

    monkeypatch.setattr(views, "topic_of", away)
    response = get(uuid4(), OWNER)
    assert (response.status_code, response["Retry-After"]) == (503, "1")


def test_snapshot_is_never_cached_and_only_read(database: str) -> None:
    job = send("tests.snapshot", {}, topic="mine.1").id
    assert "no-store" in get(job, OWNER)["Cache-Control"]
    request = RequestFactory().post(f"/jobs/{job}/")
    request.user = OWNER
    assert views.job(request, job).status_code == 405
