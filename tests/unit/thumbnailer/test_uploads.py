from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import StopUpload
from django.db import DatabaseError
from django.http import HttpRequest
from django.test import Client

from channels_celery import topics
from channels_celery.models import Event, Job
from tasks.thumbnailer import uploads
from tasks.thumbnailer.limits import MEGABYTE
from tasks.thumbnailer.models import Image
from tasks.thumbnailer.receiving import Receiver

from . import pictures

JSON = {"Accept": "application/json"}


def a_file(name: str = "cat.jpg", content: bytes = b"") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content or pictures.photo(64, 48))


def originals(media: Path) -> list[Path]:
    """Every file that is stored as an upload."""
    return [path for path in (media / "originals").rglob("*") if path.is_file()]


def upload(client: Client, *files: SimpleUploadedFile) -> list[dict[str, Any]]:
    answer = client.post("/images/", {"image": list(files)}, headers=JSON)
    assert answer.status_code == 201, answer.content
    images: list[dict[str, Any]] = answer.json()["images"]
    return images


def test_an_upload_is_a_row_a_job_and_an_event(guest: Client, tmp_path: Path) -> None:
    content = pictures.photo(64, 48)
    (image,) = upload(guest, a_file("cat.jpg", content))
    row = Image.objects.get()
    job = Job.objects.get()
    assert row.topic == f"images.{row.owner}" == image["topic"] == job.topic
    assert job.channel == "thumbnailer"
    assert json.loads(job.message) == {"image": str(row.pk)}
    assert (tmp_path / row.content.original_name).read_bytes() == content
    assert row.content.digest == sha256(content).hexdigest()
    event = Event.objects.get(type="image.created")
    assert (event.topic, event.seq, json.loads(event.data)) == (row.topic, 1, image)


def test_an_image_is_described_as_agreed(guest: Client) -> None:
    (image,) = upload(guest, a_file())
    assert image == {
        "id": str(Image.objects.get().pk),
        "name": "cat.jpg",
        "state": "queued",
        "job": str(Job.objects.get().pk),
        "topic": image["topic"],
        "position": {"epoch": "", "seq": 0, "mid": ""},
        "width": None,
        "height": None,
        "placeholder": None,
        "thumbnails": [],
        "error": None,
    }


def upload_as(client: Client, id: UUID) -> Any:
    return client.post("/images/", {"image": a_file(), "id": str(id)}, headers=JSON)


def test_an_upload_that_is_repeated_under_its_id_counts_once(guest: Client, tmp_path: Path) -> None:
    id = uuid4()
    first, second = upload_as(guest, id), upload_as(guest, id)
    assert (first.status_code, second.status_code) == (201, 201)
    assert [image["id"] for image in second.json()["images"]] == [str(id)]
    assert (Image.objects.count(), Job.objects.count()) == (1, 1)
    assert len(originals(tmp_path)) == 1


def test_an_upload_that_overtakes_itself_counts_once(
    guest: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    guest.get("/images/")
    id = uuid4()
    image = uploads._image

    def image_late(*args: Any) -> Image:
        monkeypatch.setattr(uploads, "_image", image)
        assert upload_as(guest, id).status_code == 201
        return image(*args)

    monkeypatch.setattr(uploads, "_image", image_late)
    assert upload_as(guest, id).json()["images"][0]["id"] == str(id)
    assert (Image.objects.count(), Job.objects.count()) == (1, 1)
    (kept,) = originals(tmp_path)
    assert guest.get(f"/images/{id}/original/").content == kept.read_bytes()


def test_somebody_elses_id_is_refused(guest: Client) -> None:
    id = uuid4()
    upload_as(guest, id)
    answer = upload_as(Client(), id)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "bad_id")


@pytest.mark.parametrize(("id", "count"), [("no-uuid", 1), (str(UUID(int=1)), 2)])
def test_an_id_that_names_no_single_image_is_refused(guest: Client, id: str, count: int) -> None:
    files = [a_file() for _ in range(count)]
    answer = guest.post("/images/", {"image": files, "id": id}, headers=JSON)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_id")
    assert not Image.objects.exists()


def test_several_files_are_accepted_together(guest: Client) -> None:
    images = upload(guest, a_file("1.jpg"), a_file("2.jpg"), a_file("3.jpg"))
    assert [image["name"] for image in images] == ["1.jpg", "2.jpg", "3.jpg"]
    assert Job.objects.count() == 3
    assert topics.position(images[0]["topic"]).seq == 3


def test_any_file_is_accepted_since_only_the_worker_decodes(guest: Client) -> None:
    (image,) = upload(guest, a_file("notes.txt", b"no image at all"))
    assert image["state"] == "queued"


def test_a_page_without_scripts_is_sent_back_to_the_images(guest: Client) -> None:
    answer = guest.post("/images/", {"image": a_file()})
    assert (answer.status_code, answer["Location"]) == (302, "/images/")


def test_a_post_without_a_file_says_what_is_missing(guest: Client) -> None:
    answer = guest.post("/images/", headers=JSON)
    assert answer.status_code == 400
    assert answer.json() == {"error": {"code": "no_image", "message": "Choose at least one image."}}


def test_a_file_over_the_limit_is_refused_and_nothing_of_the_others_kept(
    guest: Client, settings: Any, tmp_path: Path
) -> None:
    settings.THUMBNAILER_LIMITS = {"FILE_BYTES": 2_000_000}
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "on-their-way"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    files = [a_file(), a_file("large.jpg", b"x" * 2_000_001)]
    answer = guest.post("/images/", {"image": files}, headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"
    assert not list(settings.FILE_UPLOAD_TEMP_DIR.iterdir())
    assert not Image.objects.exists()
    assert not Job.objects.exists()
    assert not originals(tmp_path)


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_a_request_over_the_limit_is_refused_whole(
    guest: Client, settings: Any, tmp_path: Path, accept: str
) -> None:
    settings.THUMBNAILER_LIMITS = {"REQUEST_BYTES": MEGABYTE}
    files = [a_file(content=b"x" * 600_000), a_file(content=b"x" * 600_000)]
    answer = guest.post("/images/", {"image": files}, headers={"Accept": accept})
    assert answer.status_code == 413
    assert "This is more than 1 MB at once. Send fewer images." in answer.content.decode()
    assert not Image.objects.exists()
    assert not originals(tmp_path)


def test_a_request_without_a_length_is_cut_at_the_limit(settings: Any) -> None:
    settings.THUMBNAILER_LIMITS = {"REQUEST_BYTES": 1_500}
    receiver = Receiver(HttpRequest())
    about = ("image", "cat.jpg", "image/jpeg", None)
    receiver.new_file(*about)
    receiver.receive_data_chunk(b"x" * 900, 0)
    receiver.file_complete(900).close()
    receiver.new_file(*about)
    with receiver.file, pytest.raises(StopUpload):
        receiver.receive_data_chunk(b"x" * 900, 0)
    assert receiver.refused
    assert receiver.refused.status == 413


def test_a_body_in_chunks_that_the_server_did_not_count_is_refused(guest: Client) -> None:
    # As gunicorn hands it on.
    answer = guest.generic(
        "POST", "/images/", b"", headers={**JSON, "Transfer-Encoding": "chunked"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (411, "no_length")


def test_more_files_than_a_form_may_have_are_refused_with_a_sentence(
    guest: Client, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 2
    answer = guest.post("/images/", {"image": [a_file() for _ in range(3)]}, headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["error"]["message"] == "These are more than 2 files. Send fewer at once."


def test_a_refusal_without_scripts_is_a_page_that_says_why(guest: Client) -> None:
    answer = guest.post("/images/")
    assert answer.status_code == 400
    assert "Choose at least one image." in answer.content.decode()


def test_an_upload_that_can_not_be_announced_leaves_nothing(
    guest: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: object) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(topics, "publish", broken, raising=False)
    with pytest.raises(DatabaseError):
        guest.post("/images/", {"image": a_file()}, headers=JSON)
    assert not Image.objects.exists()
    assert not Job.objects.exists()
    assert not originals(tmp_path)


def test_a_hostile_file_name_is_only_a_text(guest: Client, tmp_path: Path) -> None:
    (image,) = upload(guest, a_file("../../<script>alert(1)</script>.jpg"))
    assert "/" not in image["name"]
    assert [file.name for file in originals(tmp_path)] == [Image.objects.get().content_id.hex]
    page = guest.get("/images/").content.decode()
    assert "<script>alert" not in page


def test_a_program_may_post_without_a_token(transactional_db: None) -> None:
    program = Client(enforce_csrf_checks=True)
    answer = program.post("/images/", {"image": a_file()}, headers=JSON)
    assert answer.status_code == 201
    assert "sessionid" in answer.cookies


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Cookie": "sessionid=guessed"},
    ],
)
def test_a_browser_needs_the_token(transactional_db: None, headers: dict[str, str]) -> None:
    browser = Client(enforce_csrf_checks=True)
    answer = browser.post("/images/", {"image": a_file()}, headers={**JSON, **headers})
    assert answer.status_code == 403
    assert not Image.objects.exists()


def test_a_browser_with_the_token_may_post(transactional_db: None) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.get("/images/")
    token = browser.cookies["csrftoken"].value
    form = {"image": a_file(), "csrfmiddlewaretoken": token}
    answer = browser.post("/images/", form, headers={**JSON, "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 201
