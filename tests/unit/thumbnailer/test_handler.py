from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image as Picture

from channels_celery import Fail
from channels_celery.models import Event, Job
from tasks.thumbnailer import quarantine, store
from tasks.thumbnailer.faults import CRASHED, GONE, SENTENCES, UNREADABLE
from tasks.thumbnailer.models import Image, Thumbnail
from tasks.thumbnailer.pipeline.steps import Made
from tasks.thumbnailer.pipeline.unfit import Fault
from tasks.thumbnailer.removal import remove
from tasks.thumbnailer.sandbox import client
from tasks.thumbnailer.sandbox.troubles import Busy, Crashed, ServerGone, Trouble
from tasks.thumbnailer.tasks import make_thumbnails

from . import pictures
from .test_uploads import a_file, upload


class FakeJob:
    """What a handler says, written down."""

    def __init__(self, attempt: int = 1) -> None:
        self.replies: list[tuple[Any, Any]] = []
        self.steps: list[tuple[int, int]] = []
        self.attempt = attempt

    def reply(self, data: Any, key: Any = None) -> None:
        self.replies.append((key, data))

    def progress(self, done: int, total: int) -> None:
        self.steps.append((done, total))


def run(image_id: str, attempt: int = 1) -> tuple[FakeJob, Any]:
    job: Any = FakeJob(attempt)
    return job, make_thumbnails(job, {"image": image_id})


@pytest.fixture
def image(guest: Client) -> dict[str, Any]:
    return upload(guest, a_file("cat.jpg", pictures.photo(1200, 900)))[0]


def test_each_size_is_made_and_announced(guest: Client, image: dict[str, Any]) -> None:
    job, result = run(image["id"])
    assert result == {"width": 1200, "height": 900}
    assert [(key, made["width"], made["height"]) for key, made in job.replies] == [
        (320, 320, 240),
        (160, 160, 120),
        (640, 640, 480),
        (1280, 1200, 900),
    ]
    assert job.steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    Job.objects.update(state="running", fence=1)
    described = guest.get(f"/images/{image['id']}/").json()
    by_size = sorted(job.replies, key=itemgetter(0))
    assert described["thumbnails"] == [made for _, made in by_size]
    assert (described["width"], described["height"]) == (1200, 900)


def test_the_page_hears_what_an_image_looks_like_before_its_first_thumbnail(
    guest: Client, image: dict[str, Any]
) -> None:
    run(image["id"])
    seen = json.loads(Event.objects.get(type="image.seen").data)
    assert {"id": image["id"], "width": 1200, "height": 900}.items() <= seen.items()
    assert len(seen["placeholder"]) == 28
    Job.objects.update(state="running", fence=1)
    assert guest.get(f"/images/{image['id']}/").json()["placeholder"] == seen["placeholder"]


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
    assert sorted(first.replies, key=itemgetter(0)) == second.replies
    assert Thumbnail.objects.count() == 4


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


def test_a_storage_that_lost_the_file_is_asked_again_and_then_believed(
    image: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / Image.objects.get().content.original_name).unlink()
    for attempt in (1, 2):
        with pytest.raises(FileNotFoundError):
            run(image["id"], attempt)
    with pytest.raises(Fail, match=GONE):
        run(image["id"], 3)


def test_a_file_that_breaks_the_decoder_is_kept_for_inspection(
    image: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = tmp_path / Image.objects.get().content.original_name
    content = original.read_bytes()

    def broken(_: object) -> Iterator[Made]:
        raise Crashed("the decoder was ended by SIGSEGV")
        yield

    monkeypatch.setattr(client, "thumbnails", broken)
    with pytest.raises(Fail, match=CRASHED):
        run(image["id"])
    remove(Image.objects.get())
    (kept,) = (tmp_path / "quarantine").iterdir()
    assert kept.read_bytes() == content
    assert not original.exists()


def test_a_storage_that_can_not_keep_it_does_not_hide_a_crash(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class StorageError(Exception):
        """As a bucket's: no OSError."""

    def fails(*_: object) -> None:
        raise StorageError

    monkeypatch.setattr(default_storage, "save", fails)
    quarantine.keep("ab", io.BytesIO(b"crash"), "ended by SIGSEGV")
    assert "ended by SIGSEGV: not kept" in caplog.text


@pytest.mark.parametrize("trouble", [Busy, ServerGone, Trouble])
def test_a_machines_trouble_is_not_the_files_fault(
    image: dict[str, Any], trouble: type[Trouble], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: object) -> Iterator[Made]:
        raise trouble
        yield

    monkeypatch.setattr(client, "thumbnails", fails)
    with pytest.raises(trouble):
        run(image["id"])


@pytest.mark.parametrize("fault", Fault)
def test_each_fault_of_a_file_has_a_sentence(fault: Fault) -> None:
    assert SENTENCES[fault].endswith(".")


def test_a_thumbnail_is_never_seen_half_written(
    image: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        run(image["id"])
    assert not [file for file in tmp_path.rglob("thumbnails/*/*") if file.is_file()]
