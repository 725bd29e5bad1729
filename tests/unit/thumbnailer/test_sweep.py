from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from tasks.thumbnailer import store
from tasks.thumbnailer.models import Content, Image, Intake
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
