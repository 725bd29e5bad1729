from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from PIL import Image as Picture

from channels_celery import Fail
from channels_celery.models import Job
from tasks.thumbnailer import store
from tasks.thumbnailer.decode import UNREADABLE
from tasks.thumbnailer.models import Image, Thumbnail
from tasks.thumbnailer.removal import remove
from tasks.thumbnailer.tasks import make_thumbnails

from . import pictures
from .test_uploads import a_file, upload


class FakeJob:
    """What a handler says, written down."""

    def __init__(self) -> None:
        self.replies: list[tuple[Any, Any]] = []
        self.steps: list[tuple[int, int]] = []

    def reply(self, data: Any, key: Any = None) -> None:
        self.replies.append((key, data))

    def progress(self, done: int, total: int) -> None:
        self.steps.append((done, total))


def run(image_id: str) -> tuple[FakeJob, Any]:
    job: Any = FakeJob()
    return job, make_thumbnails(job, {"image": image_id})


@pytest.fixture
def image(guest: Client) -> dict[str, Any]:
    return upload(guest, a_file("cat.jpg", pictures.photo(1200, 900)))[0]


def test_both_sizes_are_made_and_announced(guest: Client, image: dict[str, Any]) -> None:
    job, result = run(image["id"])
    assert result == {"width": 1200, "height": 900}
    assert [(key, made["width"], made["height"]) for key, made in job.replies] == [
        (160, 160, 120),
        (320, 320, 240),
    ]
    assert job.steps == [(1, 2), (2, 2)]
    Job.objects.update(state="running", fence=1)
    described = guest.get(f"/images/{image['id']}/").json()
    assert described["thumbnails"] == [made for _, made in job.replies]
    assert (described["width"], described["height"]) == (1200, 900)


def test_each_announced_address_answers_with_that_thumbnail(
    guest: Client, image: dict[str, Any]
) -> None:
    job, _ = run(image["id"])
    for _, made in job.replies:
        opened = Picture.open(io.BytesIO(guest.get(made["url"]).content))
        assert (opened.format, opened.size) == ("WEBP", (made["width"], made["height"]))


def test_a_second_attempt_leaves_the_same(guest: Client, image: dict[str, Any]) -> None:
    first, _ = run(image["id"])
    second, _ = run(image["id"])
    assert first.replies == second.replies
    assert Thumbnail.objects.count() == 2


def test_a_bad_file_fails_with_a_sentence(guest: Client) -> None:
    (image,) = upload(guest, a_file("notes.txt", b"no image at all"))
    with pytest.raises(Fail) as failure:
        run(image["id"])
    assert str(failure.value) == UNREADABLE
    assert not Thumbnail.objects.exists()


def test_a_job_whose_image_is_gone_ends_without_effect(transactional_db: None) -> None:
    job, result = run(str(uuid4()))
    assert (result, job.replies) == (None, [])


def test_an_image_removed_while_it_is_worked_on_leaves_nothing(
    image: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    add = store.add

    def add_after_removal(*args: Any) -> Any:
        remove(Image.objects.get(pk=image["id"]))
        return add(*args)

    monkeypatch.setattr(store, "add", add_after_removal)
    job, result = run(image["id"])
    assert (result, job.replies) == (None, [])
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_a_storage_that_lost_the_file_is_not_the_files_fault(
    image: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / Image.objects.get().content.original_name).unlink()
    with pytest.raises(FileNotFoundError):
        run(image["id"])


def test_a_thumbnail_is_never_seen_half_written(
    image: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        run(image["id"])
    assert not [file for file in tmp_path.rglob("thumbnails/*/*") if file.is_file()]
