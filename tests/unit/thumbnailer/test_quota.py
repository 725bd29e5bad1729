from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from channels_celery.models import Event, Job
from tasks.thumbnailer import quota
from tasks.thumbnailer.models import Content, Image, Intake

from .test_uploads import JSON, a_file, upload


def post(client: Client, *sizes: int, **more: Any) -> Any:
    """Files of these sizes, each with bytes of its own."""
    number = Intake.objects.count() + Image.objects.count()
    files = [
        a_file(f"{index}.jpg", (b"%d %d " % (number, index)).ljust(size, b"x"))
        for index, size in enumerate(sizes)
    ]
    return client.post("/images/", {"image": files}, headers=JSON, **more)


def limited(settings: Any, **limits: int) -> None:
    settings.THUMBNAILER_LIMITS = limits


def test_who_has_uploaded_too_much_in_an_hour_hears_how_long_to_wait(
    guest: Client, settings: Any
) -> None:
    limited(settings, FILES_AN_HOUR=3)
    assert post(guest, 100, 100).status_code == 201
    answer = post(guest, 100, 100)
    assert answer.status_code == 429
    wait = int(answer["Retry-After"])
    assert 58 * 60 < wait <= 61 * 60
    error = answer.json()["error"]
    assert error["code"] == "too_much"
    assert error["message"].startswith("More than 3 images in an hour are not taken. Try again in ")
    assert (Image.objects.count(), Job.objects.count(), Content.objects.count()) == (2, 2, 2)
    # What was refused does not count: one still fits.
    assert post(guest, 100).status_code == 201
    assert post(guest, 100).status_code == 429


def test_bytes_are_counted_as_files_are(guest: Client, settings: Any) -> None:
    limited(settings, BYTES_AN_HOUR=1000)
    assert post(guest, 600).status_code == 201
    assert post(guest, 600).status_code == 429
    assert post(guest, 400).status_code == 201


def test_an_hour_later_one_may_go_on(guest: Client, settings: Any) -> None:
    limited(settings, FILES_AN_HOUR=2)
    post(guest, 100)
    Intake.objects.update(minute=Intake.objects.earliest("minute").minute - 50)
    post(guest, 100)
    answer = post(guest, 100)
    # The first of the two is an hour old in ten minutes.
    assert 9 * 60 <= int(answer["Retry-After"]) <= 10 * 60
    Intake.objects.filter(minute=Intake.objects.earliest("minute").minute).delete()
    assert post(guest, 100).status_code == 201
    Intake.objects.update(minute=1)
    assert quota.forget() > 0
    assert not Intake.objects.exists()


def test_what_is_removed_has_still_been_uploaded(guest: Client, settings: Any) -> None:
    limited(settings, FILES_AN_HOUR=1)
    (image,) = upload(guest, a_file())
    guest.delete(f"/images/{image['id']}/")
    assert post(guest, 100).status_code == 429


def test_the_same_upload_again_costs_nothing(guest: Client, settings: Any) -> None:
    limited(settings, FILES_AN_HOUR=1)
    form = {"id": "00000000-0000-4000-8000-000000000001"}
    for _ in range(3):
        answer = guest.post("/images/", {**form, "image": a_file()}, headers=JSON)
        assert answer.status_code == 201
    assert Image.objects.count() == 1


def test_too_many_images_may_not_wait_for_their_thumbnails(guest: Client, settings: Any) -> None:
    limited(settings, OPEN_JOBS=2)
    post(guest, 100, 100)
    answer = post(guest, 100)
    assert (answer.status_code, answer["Retry-After"]) == (429, "30")
    assert answer.json()["error"]["code"] == "too_many_open"
    Job.objects.filter(pk=Image.objects.earliest("created").job).update(state="succeeded")
    assert post(guest, 100).status_code == 201


def test_one_visitors_uploads_are_not_anothers(guest: Client, settings: Any) -> None:
    limited(settings, FILES_AN_HOUR=1)
    guest.get("/images/")
    other = Client()
    other.get("/images/")
    assert post(guest, 100).status_code == 201
    assert post(other, 100).status_code == 201
    assert post(guest, 100).status_code == 429


def test_a_program_without_cookies_is_known_by_its_address(guest: Client, settings: Any) -> None:
    limited(settings, FILES_AN_HOUR=2)
    home = {"REMOTE_ADDR": "2001:db8:1:2::7"}
    assert post(Client(), 100, **home).status_code == 201
    # Its network has any number of addresses.
    assert post(Client(), 100, REMOTE_ADDR="2001:db8:1:2::8").status_code == 201
    assert post(Client(), 100, **home).status_code == 429
    assert post(Client(), 100, REMOTE_ADDR="2001:db8:1:3::7").status_code == 201
    assert "2001" not in "".join(Intake.objects.values_list("who", flat=True))


def test_new_guests_of_one_address_come_to_an_end(guest: Client, settings: Any) -> None:
    limited(settings, FILES_AN_HOUR=1)

    def newcomer() -> int:
        client = Client()
        client.get("/images/")
        return int(post(client, 100).status_code)

    assert [newcomer() for _ in range(11)] == [201] * 10 + [429]


def test_a_refusal_without_scripts_says_how_long(guest: Client, settings: Any) -> None:
    limited(settings, FILES_AN_HOUR=1)
    upload(guest, a_file())
    answer = guest.post("/images/", {"image": a_file()})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "Try again in " in answer.content.decode()
    assert Event.objects.filter(type="image.created").count() == 1


@pytest.mark.parametrize("limit", ["FILES_AN_HOUR", "BYTES_AN_HOUR", "OPEN_JOBS"])
def test_a_refusal_stores_nothing(guest: Client, settings: Any, tmp_path: Any, limit: str) -> None:
    limited(settings, **{limit: 0})
    assert post(guest, 100).status_code == 429
    assert not Image.objects.exists()
    assert not Content.objects.exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
