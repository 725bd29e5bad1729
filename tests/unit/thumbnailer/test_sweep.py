from __future__ import annotations

import os
import signal
import time
import uuid
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from tasks.thumbnailer import store
from tasks.thumbnailer.models import Content, Image, Intake
from tasks.thumbnailer.storage import WholeFiles
from tasks.thumbnailer.sweep import sweep

from .test_uploads import a_file, upload

TWO_HOURS = 2 * 3600


def put(media: Path, name: str, age_seconds: int = TWO_HOURS) -> Path:
    path = media / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"bytes")
    then = time.time() - age_seconds
    os.utime(path, (then, then))
    return path


def files(media: Path) -> set[Path]:
    return {path for path in media.rglob("*") if path.is_file()}


def test_a_sweep_deletes_what_belongs_to_no_content_and_nothing_else(
    guest: Client, tmp_path: Path
) -> None:
    upload(guest, a_file())
    content = Content.objects.get()
    store.add(content, 160, (160, 120), b"RIFF")
    kept = files(tmp_path)
    for path in kept:
        os.utime(path, (1, 1))
    life = uuid.uuid4().hex
    young = put(tmp_path, f"originals/aa/{life}", 60)
    put(tmp_path, f"originals/aa/{uuid.uuid4().hex}")
    put(tmp_path, f"originals/{uuid.uuid4().hex}")
    put(tmp_path, f"originals/aa/.{content.pk.hex}.0123456789abcdef")
    put(tmp_path, f"thumbnails/aa/{life}-1-160.webp")
    assert sweep() == 4
    assert files(tmp_path) == kept | {young}
    assert sweep() == 0


def test_a_sweep_is_bounded_and_the_next_goes_on(transactional_db: None, tmp_path: Path) -> None:
    for number in range(6):
        put(tmp_path, f"originals/{number:02}/{uuid.uuid4().hex}")
    counts = [sweep(most=4), sweep(most=4)]
    assert counts == [4, 2]


def test_the_command_sweeps_files_and_counts(
    guest: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    upload(guest, a_file())
    Intake.objects.update(minute=1)
    put(tmp_path, "originals/aa/what-is-this")
    call_command("sweep_images")
    assert capsys.readouterr().out == "1 files deleted, 3 counts\n"
    assert not Intake.objects.exists()
    assert Image.objects.exists()


def test_an_empty_site_has_nothing_to_sweep(transactional_db: None) -> None:
    assert sweep() == 0


def test_a_file_that_may_not_be_looked_at_ends_the_sweep(
    transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError("not yours")

    put(tmp_path, f"originals/aa/{uuid.uuid4().hex}")
    monkeypatch.setattr(WholeFiles, "get_modified_time", forbidden)
    with pytest.raises(PermissionError):
        sweep()


class Enough(BaseException):
    """The test's end, as SIGTERM is the command's."""


def test_the_command_goes_on_while_its_storage_is_away(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class StorageError(Exception):
        """As a bucket's: no OSError."""

    # Two turns: each takes one from the end.
    turns: list[BaseException | None] = [Enough(), None]
    outcomes: list[BaseException | None] = [None, StorageError("no bucket")]

    def next_of(coming: list[BaseException | None]) -> int:
        if error := coming.pop():
            raise error
        return 3

    monkeypatch.setattr("tasks.thumbnailer.sweep.sweep", lambda: next_of(outcomes))
    monkeypatch.setattr(time, "sleep", lambda _: next_of(turns))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(Enough):
        call_command("sweep_images", every=60)
    told = capsys.readouterr()
    assert told.err == "Not now: no bucket\n"
    assert told.out.startswith("3 files deleted")
