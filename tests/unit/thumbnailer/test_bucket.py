"""Uploads and thumbnails in a bucket of a real S3 server, by the site's own variables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from moto.server import ThreadedMotoServer

from config import media
from config.environment import Environment
from tasks.thumbnailer import sweep
from tasks.thumbnailer.models import Content, Image

from . import pictures
from .test_handler import run
from .test_uploads import a_file, upload

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def bucket(endpoint: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    made = boto3.resource("s3", endpoint_url=endpoint, region_name="us-east-1").Bucket(uuid4().hex)
    made.create()
    url = f"s3://{made.name}/site?endpoint={endpoint}&region=us-east-1"
    environment = Environment({"MEDIA_S3_URL": url, **KEYS})
    settings.STORAGES = {"default": media.storage(environment)}
    assert environment.problems == []
    return made


def keys(bucket: Any) -> list[str]:
    return sorted(each.key for each in bucket.objects.all())


def test_an_upload_its_thumbnails_and_its_removal_in_a_bucket(
    guest: Client, bucket: Any, tmp_path: Any
) -> None:
    photo = pictures.photo(640, 480)
    (image,) = upload(guest, a_file("cat.jpg", photo))
    upload(guest, a_file("again.jpg", photo))
    assert keys(bucket) == [f"site/{Content.objects.get().original_name}"]
    job, result = run(image["id"])
    assert result["width"] == 640
    for _, made in job.replies:
        answer = Client().get(made["url"])
        assert (answer.content[8:12], answer["Content-Type"]) == (b"WEBP", "image/webp")
        assert "immutable" in answer["Cache-Control"]
    answer = guest.get(f"/images/{image['id']}/original/")
    assert answer.content == photo
    assert answer["Content-Disposition"].startswith("attachment")
    for each in Image.objects.all():
        guest.delete(f"/images/{each.pk}/")
    assert keys(bucket) == []
    # Nothing of it went through the disk of the site.
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_bucket_that_lost_a_file_is_not_the_files_fault(guest: Client, bucket: Any) -> None:
    (image,) = upload(guest, a_file())
    bucket.objects.all().delete()
    with pytest.raises(FileNotFoundError):
        run(image["id"])
    assert guest.get(f"/images/{image['id']}/original/").status_code == 404


def test_a_bucket_is_swept_as_a_disk_is(
    guest: Client, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(guest, a_file())
    kept = keys(bucket)
    orphan = uuid4().hex
    default_storage.save(f"originals/aa/{orphan}", ContentFile(b"bytes"))
    assert sweep.sweep() == 0
    monkeypatch.setattr(sweep, "YOUNG", -sweep.YOUNG)
    assert sweep.sweep() == 1
    assert keys(bucket) == kept


def test_a_sweep_goes_on_when_an_object_goes_meanwhile(
    transactional_db: None, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphans = [f"originals/aa/{uuid4().hex}" for _ in range(3)]
    for name in orphans:
        default_storage.save(name, ContentFile(b"bytes"))
    without_content = sweep._without_content

    def after_a_removal(names: list[str]) -> list[str]:
        default_storage.delete(orphans[1])
        return without_content(names)

    monkeypatch.setattr(sweep, "_without_content", after_a_removal)
    monkeypatch.setattr(sweep, "YOUNG", -sweep.YOUNG)
    assert sweep.sweep() == 2
    assert keys(bucket) == []
