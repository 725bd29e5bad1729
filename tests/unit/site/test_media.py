from __future__ import annotations

import pytest

from config import media
from config.environment import Environment

DISK = {"BACKEND": "tasks.thumbnailer.storage.WholeFiles"}
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


def test_uploads_are_on_a_disk_unless_a_bucket_is_named() -> None:
    environment = Environment({})
    assert media.storage(environment) == DISK
    assert environment.problems == []


def test_a_bucket_of_amazons_needs_no_more_than_its_name() -> None:
    environment = Environment({"MEDIA_S3_URL": "s3://photos"})
    options = media.storage(environment)["OPTIONS"]
    assert (options["bucket_name"], options["location"]) == ("photos", "")
    assert (options["endpoint_url"], options["region_name"]) == (None, None)
    assert environment.problems == []


def test_a_folder_a_server_and_a_region_may_be_named() -> None:
    url = "s3://photos/site/a?endpoint=https://minio:9000&region=eu"
    options = media.storage(Environment({"MEDIA_S3_URL": url, **KEYS}))["OPTIONS"]
    assert (options["bucket_name"], options["location"]) == ("photos", "site/a")
    assert (options["endpoint_url"], options["region_name"]) == ("https://minio:9000", "eu")


@pytest.mark.parametrize(
    "url",
    [
        "photos",
        "https://photos.s3.amazonaws.com",
        "s3://",
        "s3://key:secret@photos",
        "s3://photos?endpoint=minio:9000",
        "s3://photos?endpoint=https://minio:x",
        "s3://photos?regoin=eu",
        "s3://[photos",
    ],
)
def test_what_is_no_address_is_named_in_one_sentence_and_not_repeated(url: str) -> None:
    environment = Environment({"MEDIA_S3_URL": url, **KEYS})
    assert media.storage(environment) == DISK
    (problem,) = environment.problems
    assert problem.text == "MEDIA_S3_URL is no address of a bucket."
    assert "s3://bucket/folder" in problem.hint


def test_a_server_of_ones_own_wants_its_key() -> None:
    environment = Environment({"MEDIA_S3_URL": "s3://photos?endpoint=http://minio:9000"})
    media.storage(environment)
    assert [problem.text for problem in environment.problems] == [
        "AWS_ACCESS_KEY_ID is not set.",
        "AWS_SECRET_ACCESS_KEY is not set.",
    ]


def test_a_proxy_sends_nothing_that_is_in_a_bucket() -> None:
    given = {"MEDIA_ACCEL": "/accel/media"}
    assert media.accelerated(Environment(given)) == "/accel/media"
    assert media.accelerated(Environment({**given, "MEDIA_S3_URL": "s3://photos"})) == ""


def test_without_its_packages_a_bucket_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "find_spec", lambda _: None)
    environment = Environment({"MEDIA_S3_URL": "s3://photos"})
    assert media.storage(environment) == DISK
    (problem,) = environment.problems
    assert "requirements-s3.lock" in problem.hint
