"""Behind a proxy that sends the files: the view only decides."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tasks.thumbnailer import store
from tasks.thumbnailer.models import Image

from .test_uploads import a_file, upload


@pytest.fixture(autouse=True)
def behind_a_proxy(settings: Any) -> None:
    settings.MEDIA_ACCEL = "/accel/media/"


def test_the_proxy_is_told_where_the_owners_original_is(guest: Client) -> None:
    (image,) = upload(guest, a_file("cat.jpg", b"any"))
    answer = guest.get(f"/images/{image['id']}/original/")

    place = f"/accel/media/{Image.objects.get().content.original_name}"
    assert answer["X-Accel-Redirect"] == place
    assert answer["Content-Disposition"] == 'attachment; filename="cat.jpg"'
    assert answer.content == b""


def test_the_proxy_is_told_nothing_for_a_stranger(guest: Client) -> None:
    (image,) = upload(guest, a_file("cat.jpg", b"any"))
    answer = Client().get(f"/images/{image['id']}/original/")

    assert answer.status_code == 404
    assert "X-Accel-Redirect" not in answer


def test_the_proxy_is_told_where_a_thumbnail_is(guest: Client) -> None:
    upload(guest, a_file("cat.jpg", b"any"))
    image = Image.objects.get()
    made = store.add(image.content, 160, (160, 120), b"RIFF")
    assert made
    answer = guest.get(f"/images/thumbnails/{image.token}/{made.spec}-160.webp")

    assert answer["X-Accel-Redirect"] == f"/accel/media/{made.file_name}"
    assert "immutable" in answer["Cache-Control"]
