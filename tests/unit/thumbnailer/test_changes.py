from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from channels_celery import topics
from channels_celery.models import Event, Job
from tasks.thumbnailer.models import Image

from .test_uploads import JSON, a_file, upload

INTERNAL = '{"code": "internal", "message": "The work failed."}'
VERDICT = '{"code": "failed", "message": "This file is incomplete. Upload it again."}'


@pytest.fixture
def image(guest: Client) -> dict[str, Any]:
    return upload(guest, a_file("holiday.jpg"))[0]


def again(client: Client, image: dict[str, Any], **headers: str) -> Any:
    return client.post(f"/images/{image['id']}/again/", headers={**JSON, **headers})


def test_failed_work_is_accepted_again_and_every_tab_hears_it(
    guest: Client, image: dict[str, Any]
) -> None:
    Job.objects.update(state="failed", error=INTERNAL, attempt=5, fence=9)
    assert again(guest, image).status_code == 204
    job = Job.objects.get()
    assert (str(job.pk), job.state, job.attempt, job.fence) == (image["job"], "queued", 0, 10)
    event = Event.objects.get(type="image.again")
    assert event.topic == image["topic"]
    assert json.loads(event.data) == {"id": image["id"], "job": image["job"], "fence": 10}
    assert guest.get(f"/images/{image['id']}/").json()["state"] == "queued"


def test_a_second_click_does_nothing(guest: Client, image: dict[str, Any]) -> None:
    Job.objects.update(state="failed", error=INTERNAL)
    again(guest, image)
    answer = again(guest, image)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_failed")
    assert Event.objects.filter(type="image.again").count() == 1


def test_a_verdict_on_the_file_is_not_tried_again(guest: Client, image: dict[str, Any]) -> None:
    Job.objects.update(state="failed", error=VERDICT)
    answer = again(guest, image)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "no_help")
    assert Job.objects.get().state == "failed"


def test_work_whose_job_is_gone_is_sent_anew(guest: Client, image: dict[str, Any]) -> None:
    Job.objects.all().delete()
    assert again(guest, image).status_code == 204
    job = Job.objects.get()
    assert (Image.objects.get().job, job.state) == (job.pk, "queued")
    assert json.loads(job.message) == {"image": image["id"]}
    told = json.loads(Event.objects.get(type="image.again").data)
    assert told == {"id": image["id"], "job": str(job.pk), "fence": 0}


def test_a_page_without_scripts_has_a_button_for_what_can_be_done(
    guest: Client, image: dict[str, Any]
) -> None:
    form = f'action="/images/{image["id"]}/again/">'
    assert form not in guest.get("/images/").content.decode()
    Job.objects.update(state="failed", error=INTERNAL)
    assert form in guest.get("/images/").content.decode()
    answer = guest.post(f"/images/{image['id']}/again/")
    assert (answer.status_code, answer["Location"]) == (302, "/images/")
    assert Job.objects.get().state == "queued"
    answer = guest.post(f"/images/{image['id']}/remove/")
    assert (answer.status_code, answer["Location"]) == (302, "/images/")
    assert not Image.objects.exists()


def test_a_refusal_without_scripts_is_the_page_with_the_reason(
    guest: Client, image: dict[str, Any]
) -> None:
    answer = guest.post(f"/images/{image['id']}/again/")
    assert answer.status_code == 409
    assert "The work on this image has not failed." in answer.content.decode()


@pytest.mark.parametrize("what", ["again", "remove"])
def test_a_browser_needs_the_token_to_change_an_image(
    guest: Client, image: dict[str, Any], what: str
) -> None:
    Job.objects.update(state="failed", error=INTERNAL)
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = guest.cookies
    assert careful.post(f"/images/{image['id']}/{what}/").status_code == 403
    assert Job.objects.get().state == "failed"


def test_a_removed_images_name_and_addresses_are_told_to_nobody_later(
    guest: Client, image: dict[str, Any]
) -> None:
    (other,) = upload(guest, a_file("kept.jpg"))
    for about in (image, other):
        reply = {"job": about["job"], "reply": {"url": f"/secret-of-{about['name']}"}}
        topics.publish(image["topic"], "job.reply", reply)
    guest.delete(f"/images/{image['id']}/")
    events = topics.read(image["topic"]).events
    told = [event.data for event in events]
    assert [event.seq for event in events] == [1, 2, 3, 4, 5]
    assert "holiday" not in "".join(told)
    assert "kept.jpg" in told[1]
    assert (told[0], told[2], told[4]) == ("null", "null", f'{{"id":"{image["id"]}"}}')
    assert "secret-of-kept" in told[3]


def test_the_page_knows_of_work_what_its_events_said_before(
    guest: Client, image: dict[str, Any]
) -> None:
    Job.objects.update(state="running", fence=3, attempt=2, progress="[1,2]")
    works = guest.get("/images/", headers=JSON).json()["works"]
    work = works["by_job"][image["job"]]
    assert (work["state"], work["fence"], work["attempt"]) == ("running", 3, 2)
    assert (work["max_attempts"], work["progress"]) == (5, [1, 2])
    assert 0 <= works["now"] - work["ready"] < 60_000
    assert "Making thumbnails, 1 of 2" in guest.get("/images/").content.decode()
