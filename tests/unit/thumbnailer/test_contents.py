"""Equal bytes are kept once; whoever has them learns nothing of the others."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.db import close_old_connections, connections
from django.test import Client

from channels_celery.models import Job
from tasks.thumbnailer import store
from tasks.thumbnailer.models import Content, Image, Thumbnail
from tasks.thumbnailer.receiving import Received
from tasks.thumbnailer.removal import remove
from tasks.thumbnailer.uploads import accept

from . import pictures
from .test_handler import run
from .test_uploads import a_file, originals, upload


@pytest.fixture
def stranger(guest: Client) -> Client:
    return Client()


def shared(*clients: Client) -> list[dict[str, Any]]:
    """The same photo uploaded by each."""
    photo = pictures.photo(640, 480)
    return [
        upload(client, a_file(f"{number}.jpg", photo))[0] for number, client in enumerate(clients)
    ]


def test_equal_bytes_are_one_file_but_rows_jobs_and_events_of_their_own(
    guest: Client, stranger: Client, tmp_path: Path
) -> None:
    mine, again, theirs = shared(guest, guest, stranger)
    assert (Content.objects.count(), len(originals(tmp_path))) == (1, 1)
    assert (Image.objects.count(), Job.objects.count()) == (3, 3)
    assert len({image["job"] for image in (mine, again, theirs)}) == 3
    assert mine["topic"] == again["topic"] != theirs["topic"]


def test_equal_bytes_in_one_request_are_one_file(guest: Client, tmp_path: Path) -> None:
    upload(guest, a_file("1.jpg", b"same"), a_file("2.jpg", b"same"), a_file("3.jpg", b"other"))
    assert len(originals(tmp_path)) == 2
    assert [image.name for image in Image.objects.order_by("name")] == ["1.jpg", "2.jpg", "3.jpg"]


def test_known_thumbnails_are_replied_at_once_under_addresses_of_their_own(
    guest: Client, stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = shared(guest, stranger)
    first, result = run(mine["id"])
    monkeypatch.setattr(store, "original", lambda _: pytest.fail("it was read again"))
    second, same = run(theirs["id"])
    assert same == result
    known_by_size = dict(second.replies)
    assert len(known_by_size) == len(first.replies)
    for size, made in first.replies:
        known = known_by_size[size]
        assert known["width"] == made["width"]
        assert known["url"] != made["url"]
        assert stranger.get(known["url"]).content == guest.get(made["url"]).content


def test_two_at_once_may_both_make_the_same(
    guest: Client, stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = shared(guest, stranger)
    add = store.add

    def add_second(*args: Any) -> Any:
        monkeypatch.setattr(store, "add", add)
        assert len(run(theirs["id"])[0].replies) >= 1
        return add(*args)

    monkeypatch.setattr(store, "add", add_second)
    job, _ = run(mine["id"])
    sizes = [size for size, _ in job.replies]
    assert Thumbnail.objects.count() == len(sizes) == len(set(sizes))


def test_nothing_tells_a_stranger_that_the_bytes_are_known(guest: Client, stranger: Client) -> None:
    (mine,) = shared(guest)
    run(mine["id"])
    (theirs,) = shared(stranger)
    new = upload(stranger, a_file("new.jpg", pictures.photo(64, 48)))[0]
    its = {"id", "job", "name", "position"}
    assert {key: theirs[key] for key in theirs if key not in its} == {
        key: new[key] for key in new if key not in its
    }
    # Nor later, until its own job has begun.
    shown = stranger.get(f"/images/{theirs['id']}/").json()
    assert (shown["thumbnails"], shown["width"]) == ([], None)
    assert stranger.get(f"/images/{mine['id']}/original/").status_code == 404


def test_bytes_stay_until_the_last_who_has_them_removes_them(
    guest: Client, stranger: Client, tmp_path: Path
) -> None:
    mine, theirs = shared(guest, stranger)
    job, _ = run(mine["id"])
    run(theirs["id"])
    guest.delete(f"/images/{mine['id']}/")
    assert stranger.get(f"/images/{theirs['id']}/original/").status_code == 200
    # The address of the removed image has gone with it, though the file is there.
    assert {guest.get(made["url"]).status_code for _, made in job.replies} == {404}
    stranger.delete(f"/images/{theirs['id']}/")
    assert not Content.objects.exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def received(content: bytes) -> Received:
    file = Received("photo.jpg", "image/jpeg", len(content), None)
    file.write(content)
    file.seek(0)
    file.digest = sha256(content).hexdigest()
    return file


def test_uploads_and_removals_of_the_same_bytes_at_once_lose_and_leave_nothing(
    transactional_db: None, tmp_path: Path
) -> None:
    def visitor(number: int) -> None:
        chance = random.Random(number)
        owner = f"u{number}"
        for _ in range(8):
            with received(b"%d" % chance.randrange(2)) as file:
                (image,) = accept(owner, [], [file])
            if chance.random() < 0.7:
                remove(Image.objects.get(pk=image["id"]))
        close_old_connections()
        connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(visitor, range(4)))
    kept = {content.original_name for content in Content.objects.all()}
    assert {str(path.relative_to(tmp_path)) for path in originals(tmp_path)} == kept
    for image in Image.objects.select_related("content"):
        file = store.original(image.content)
        assert file
        with file:
            assert sha256(file.read()).hexdigest() == image.content.digest
    assert Content.objects.filter(images=None).count() == 0
