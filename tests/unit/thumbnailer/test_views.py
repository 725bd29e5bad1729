from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import Client

from channels_celery import topics
from channels_celery.models import Event, Job
from channels_celery.topics.visitors import signed_in
from tasks.thumbnailer import adoption, describe, store, views, works
from tasks.thumbnailer.models import SPEC, Content, Image
from tasks.thumbnailer.pipeline.sizes import SIZES
from tasks.thumbnailer.topics import images_topic, topics_of

from . import pictures
from .test_uploads import JSON, a_file, upload


@pytest.fixture
def image(guest: Client) -> dict[str, Any]:
    return upload(guest, a_file("cat.jpg", pictures.photo(64, 48)))[0]


def test_the_owner_sees_an_image_with_its_jobs_state(guest: Client, image: dict[str, Any]) -> None:
    Job.objects.update(state="failed", error='{"code": "failed", "message": "Not an image."}')
    answer = guest.get(f"/images/{image['id']}/").json()
    assert answer["state"] == "failed"
    assert answer["error"] == {"code": "failed", "message": "Not an image."}
    assert answer["position"]["seq"] == 1


def test_an_earlier_attempts_error_is_not_shown_while_it_is_tried_again(
    guest: Client, image: dict[str, Any]
) -> None:
    Job.objects.update(state="retrying", error='{"code": "internal", "message": "Failed."}')
    answer = guest.get(f"/images/{image['id']}/").json()
    assert (answer["state"], answer["error"]) == ("retrying", None)


@pytest.mark.parametrize(("made", "state"), [((160, 320), "succeeded"), ((), "failed")])
def test_an_image_outlives_its_job(
    guest: Client, image: dict[str, Any], made: tuple[int, ...], state: str
) -> None:
    Job.objects.all().delete()
    row = Image.objects.get()
    for size in made:
        store.add(row.content, size, (size, size), b"RIFF")
    if made:
        store.complete(row.content)
    assert guest.get(f"/images/{image['id']}/").json()["state"] == state


@pytest.mark.parametrize("page", ["list", "one"])
def test_who_is_told_succeeded_is_told_all_that_was_made(
    guest: Client, image: dict[str, Any], page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job ends between the reading of the image and that of its state."""

    def late(rows: Any) -> Any:
        content = Content.objects.get()
        for size in sorted(SIZES):
            store.add(content, size, (size, size), b"RIFF")
        store.complete(content)
        Job.objects.update(state="succeeded", fence=1)
        return works.works_of(rows)

    monkeypatch.setattr(views, "works", SimpleNamespace(works_of=late, as_json=works.as_json))
    monkeypatch.setattr(describe, "works_of", late)
    if page == "list":
        (answer,) = guest.get("/images/", headers=JSON).json()["images"]
    else:
        answer = guest.get(f"/images/{image['id']}/").json()

    assert answer["state"] == "succeeded"
    assert [made["size"] for made in answer["thumbnails"]] == sorted(SIZES)


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_image_is_nobody_elses(guest: Client, image: dict[str, Any], method: str) -> None:
    stranger = Client()
    for what in ("", "original/", "again/", "remove/"):
        answer = getattr(stranger, method)(f"/images/{image['id']}/{what}")
        assert answer.status_code in (404, 405)
    assert guest.get(f"/images/{image['id']}/").status_code == 200
    assert stranger.get("/images/", headers=JSON).json()["images"] == []


def test_the_original_is_given_back_as_it_came_but_never_shown(guest: Client) -> None:
    content = b"<html><script>alert(1)</script></html>"
    (image,) = upload(guest, a_file("page.html", content))
    answer = guest.get(f"/images/{image['id']}/original/")
    assert answer.content == content
    assert answer["Content-Disposition"] == 'attachment; filename="page.html"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Security-Policy"] == "sandbox"


def test_removing_an_image_tells_its_topic_and_takes_its_files(
    guest: Client, image: dict[str, Any], tmp_path: Any
) -> None:
    assert guest.delete(f"/images/{image['id']}/").status_code == 204
    assert not Image.objects.exists()
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]
    event = Event.objects.get(type="image.deleted")
    assert (event.topic, event.data) == (image["topic"], f'{{"id":"{image["id"]}"}}')
    assert guest.delete(f"/images/{image['id']}/").status_code == 404


def test_a_browsers_delete_needs_the_token(image: dict[str, Any], guest: Client) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = guest.cookies
    assert careful.delete(f"/images/{image['id']}/").status_code == 403
    assert Image.objects.exists()


def test_the_page_carries_the_position_that_its_state_follows(
    guest: Client, image: dict[str, Any]
) -> None:
    page = guest.get("/images/").content.decode()
    position = topics.position(image["topic"])
    assert f'data-topic="{image["topic"]}" data-epoch="{position.epoch}" data-seq="1"' in page
    assert f'data-mid="{position.mid}"' in page
    assert image["id"] in page


def test_the_page_has_nothing_inline(guest: Client, image: dict[str, Any]) -> None:
    page = guest.get("/images/").content.decode()
    scripts = page.split("<script")[1:]
    assert all('src="' in part or 'type="application/json"' in part for part in scripts)
    assert "style=" not in page
    assert "<style" not in page
    assert " onclick" not in page


def test_the_newest_image_comes_first(guest: Client) -> None:
    names = ["1.jpg", "2.jpg", "3.jpg"]
    for name in names:
        upload(guest, a_file(name))
    shown = guest.get("/images/", headers=JSON).json()["images"]
    assert [image["name"] for image in shown] == names[::-1]


def test_a_thumbnail_has_an_address_that_nobody_guesses_and_never_changes(
    guest: Client, image: dict[str, Any]
) -> None:
    row = Image.objects.get()
    assert len(row.token) == 22
    store.add(row.content, 160, (160, 120), b"RIFF")
    address = f"/images/thumbnails/{row.token}/{SPEC}-160.webp"
    answer = Client().get(address)
    assert (answer.content, answer["Content-Type"]) == (b"RIFF", "image/webp")
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert Client().get(address.replace(row.token, "A" * 22)).status_code == 404
    for other in (f"{SPEC}-320", f"{SPEC + 1}-160", f"{SPEC}-{10**30}"):
        assert Client().get(address.replace(f"{SPEC}-160", other)).status_code == 404


def test_only_its_visitor_may_follow_a_topic(guest: Client, image: dict[str, Any]) -> None:
    owner = Image.objects.get().owner
    mine = topics.Visitor(user=None, id=owner, name="Guest")
    other = topics.Visitor(user=None, id="g0000", name="Guest")
    nobody = topics.Visitor(user=None, id=None, name="Guest")
    assert images_topic(mine, owner)
    assert not images_topic(other, owner)
    assert not images_topic(nobody, "None")


def test_a_guests_images_become_the_users_at_sign_in(guest: Client, image: dict[str, Any]) -> None:
    user = User.objects.create_user("ann", password="secret")
    guest.force_login(user)
    assert Image.objects.get().owner == f"u{user.pk}"
    assert guest.get(f"/images/{image['id']}/").json()["topic"] == image["topic"]
    assert topics_of(f"u{user.pk}") == [f"images.u{user.pk}", image["topic"]]
    visitor = topics.Visitor(user=user, id=f"u{user.pk}", name="ann")
    assert images_topic(visitor, image["topic"].removeprefix("images."))


def test_they_become_those_of_a_user_whose_key_is_too_long_for_an_id(
    guest: Client, image: dict[str, Any]
) -> None:
    request, user = HttpRequest(), User(pk="k" * 200, username="ann")
    request.session = guest.session
    adoption.adopt(request=request, user=user)
    assert Image.objects.get().owner == signed_in(user).id


def test_an_unknown_image_is_not_found(guest: Client) -> None:
    assert guest.get(f"/images/{uuid4()}/").status_code == 404


def test_a_web_process_loads_no_decoder() -> None:
    code = (
        "import sys, django; django.setup(); "
        "import tasks.thumbnailer.urls, tasks.thumbnailer.tasks; "
        "sys.exit('PIL' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
