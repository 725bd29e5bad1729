from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from channels_celery import channel_task, send, topics
from channels_celery import database as ours
from channels_celery.jobs import announcing, ledger, stuck
from channels_celery.jobs.admin import events
from channels_celery.jobs.ledger import LiveWorker, Outcome
from channels_celery.jobs.models import Channel, Job
from channels_celery.jobs.states import State

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.integration.jobs.admin_urls"),
    pytest.mark.usefixtures("published", "rung"),
]
JOBS = "/admin/channels_celery/job/"
CHANNELS = "/admin/channels_celery/channel/"


@channel_task("tests.admin", max_running=3)
def work(job: Any, message: Any) -> None: ...


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stuck, "_broker_answers", lambda: True)


def staff(*permissions: str) -> Client:
    """A signed-in member of the staff with these permissions."""
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def failed(**more: Any) -> UUID:
    """A job that has replied and then failed."""
    job = send("tests.admin", {"photo": "<b>7</b>"}, **more).id
    with ours.session() as session:
        claim = ledger.claim(session, job, 0, run="r", max_attempts=4, lease_ms=25_000)
        assert claim is not None
        reply = announcing.data(claim, 1, reply={"step": 1})
        ledger.reply(session, claim, announcing.draft(claim, "job.reply", reply))
        end = announcing.draft(claim, "job.failed", announcing.data(claim, 1))
        error = '{"code":"internal","message":"The work failed."}'
        outcome = Outcome(state=State.FAILED, error=error, traceback="ZeroDivisionError: <7>")
        assert ledger.finish(session, claim, outcome, end)
    return job


def act(client: Client, action: str, *jobs: UUID, **more: str) -> Any:
    return client.post(JOBS, {"action": action, "_selected_action": jobs, **more}, follow=True)


def test_list_filters_and_says_what_is_stuck_and_why() -> None:
    client = staff("view_job")
    old, fresh = send("tests.admin", {}, topic="a.b").id, send("tests.admin", {}).id
    over = failed()
    Job.objects.filter(pk=old).update(ready=1)
    page = client.get(JOBS).content.decode()
    assert "1 stuck (tests.admin): no worker listens on queue celery" in page
    assert "The work failed." in page

    def listed(query: str) -> set[UUID]:
        return {job.pk for job in client.get(f"{JOBS}?{query}").context["cl"].result_list}

    assert listed("") == {old, fresh, over}
    assert listed("stuck=yes") == {old}
    assert listed("state__exact=failed") == {over}
    assert listed("channel=tests.admin") == {old, fresh, over}
    assert listed("channel=other") == set()
    assert listed(f"q={over}") == {over}
    assert listed("q=a.") == {old}


def test_page_of_a_job_shows_all_that_is_known_escaped() -> None:
    client = staff("view_job")
    job = failed(topic="photo.7")
    send("tests.admin", {}, topic="photo.7")
    page = client.get(f"{JOBS}{job}/change/").content.decode()
    for text in (
        "&lt;b&gt;7&lt;/b&gt;",
        "ZeroDivisionError: &lt;7&gt;",
        "The work failed. (internal)",
        "job.reply",
        "job.failed",
        "1 of 4",
    ):
        assert text in page
    assert "<b>7" not in page
    assert 'name="action" value="retry"' not in page
    assert "_save" not in page


def test_events_are_those_of_the_job_alone() -> None:
    first, second = failed(topic="photo.7"), failed(topic="photo.7")
    topics.publish("photo.7", "note", {"job": str(first)})
    for job in (first, second):
        found = events.of_job(Job.objects.get(pk=job))
        assert [event.type for event in found] == ["job.reply", "job.failed"]
        assert {event.value["job"] for event in found} == {str(job)}


def test_retry_accepts_failed_jobs_again_and_is_logged() -> None:
    client = staff("change_job")
    job, waiting = failed(), send("tests.admin", {}).id
    answer = act(client, "retry", job, waiting)
    told = [str(message) for message in answer.context["messages"]]
    assert told == ["1 job: accepted again.", "1 job: no failed job has this id."]
    assert Job.objects.get(pk=job).state == "queued"
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.change_message) == (str(job), "accepted again")


def test_cancel_from_the_jobs_page_leads_back_to_it() -> None:
    client = staff("change_job")
    job = send("tests.admin", {}).id
    assert 'value="cancel"' in client.get(f"{JOBS}{job}/change/").content.decode()
    answer = act(client, "cancel", job, back="1")
    assert answer.redirect_chain[-1][0] == f"{JOBS}{job}/change/"
    assert Job.objects.get(pk=job).state == "cancelled"


@pytest.mark.parametrize("permissions", [[], ["view_job", "view_channel"]])
def test_who_may_not_act_changes_nothing(permissions: list[str]) -> None:
    client = staff(*permissions)
    job, other = failed(), send("tests.admin", {}).id
    act(client, "retry", job)
    act(client, "cancel", other)
    client.post(CHANNELS, {"pause": "tests.admin"})
    assert {row.state for row in Job.objects.all()} == {"failed", "queued"}
    assert not Channel.objects.filter(paused=True).exists()
    status = 200 if permissions else 403
    for page in (JOBS, CHANNELS, f"{JOBS}{job}/change/"):
        assert client.get(page).status_code == status
    for path in (f"{JOBS}add/", f"{JOBS}{job}/delete/"):
        assert client.get(path).status_code == 403


def test_channels_are_listed_paused_and_resumed() -> None:
    client = staff("change_channel")
    send("tests.admin", {})
    send("tests.admin", {}, countdown=600)
    failed()
    with ours.session() as session:
        known = {"tests.admin"}
        live = LiveWorker(id="w", host="h", pid=1, slots=4, queues={"celery"}, channels=known)
        ledger.beat(session, live)

    def line() -> Any:
        lines = client.get(CHANNELS).context["lines"]
        return next(line for line in lines if line.tally.channel == "tests.admin")

    found = line()
    assert (found.tally.due, found.tally.later, found.tally.failed) == (1, 1, 1)
    assert (found.queue, found.limit, found.workers) == ("celery", "3", 1)
    client.post(CHANNELS, {"pause": "tests.admin"})
    assert line().tally.paused
    client.post(CHANNELS, {"resume": "tests.admin"})
    assert not line().tally.paused
    words = LogEntry.objects.order_by("id").values_list("change_message", flat=True)
    assert list(words) == ["paused", "resumed"]
    client.post(CHANNELS, {"pause": "no-such-channel"})
    assert not Channel.objects.filter(name="no-such-channel").exists()


def test_workers_are_listed_with_their_life() -> None:
    client = staff("view_worker")
    with ours.session() as session:
        for name in ("alive", "dead"):
            live = LiveWorker(
                id=name, host=name, pid=1, slots=4, queues={"celery"}, channels={"tests.admin"}
            )
            ledger.beat(session, live)
        session.rows("UPDATE channels_celery_worker SET beat = beat - 60000 WHERE id = 'dead'", {})
    page = client.get("/admin/channels_celery/worker/").content.decode()
    assert ("alive</span>" in page, "gone" in page, "tests.admin" in page) == (True, True, True)
