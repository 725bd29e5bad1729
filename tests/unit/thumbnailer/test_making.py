from __future__ import annotations

import errno
import io
import subprocess
import sys
from unittest.mock import ANY

import pytest
from PIL import Image, JpegImagePlugin

from tasks.thumbnailer.pipeline import limits
from tasks.thumbnailer.pipeline.making import make
from tasks.thumbnailer.pipeline.sizes import sizes_of
from tasks.thumbnailer.pipeline.steps import Made, Seen
from tasks.thumbnailer.pipeline.unfit import Fault, Unfit

from . import pictures, png
from .pictures import made, refused

UPRIGHT = ["red", "green", "blue", "white"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_each_allowed_format_is_read(kind: str) -> None:
    picture = made(pictures.encoded(pictures.quarters(600, 400), kind))
    assert picture.size == (320, 213)
    assert pictures.corners(picture) == UPRIGHT


def test_the_pages_own_size_comes_first_and_no_picture_is_enlarged() -> None:
    steps = list(make(io.BytesIO(pictures.photo(1000, 750))))
    shapes = [(step.size, step.width, step.height) for step in steps if isinstance(step, Made)]
    assert shapes == [(320, 320, 240), (160, 160, 120), (640, 640, 480), (1280, 1000, 750)]
    assert isinstance(steps[0], Seen)
    assert (steps[0].width, steps[0].height) == (1000, 750)
    for step in steps[1:]:
        assert isinstance(step, Made)
        opened = Image.open(io.BytesIO(step.content), formats=["WEBP"])
        assert opened.size == (step.width, step.height)
        assert pictures.corners(opened) == UPRIGHT


def test_the_first_size_of_a_large_jpeg_waits_for_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    draft = JpegImagePlugin.JpegImageFile.draft

    def noted(self: JpegImagePlugin.JpegImageFile, mode: None, size: tuple[int, int]) -> object:
        asked.append(size)
        return draft(self, mode, size)

    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "draft", noted)
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = pictures.quarters(1800, 2400).transpose(Image.Transpose.ROTATE_90)
    steps = make(io.BytesIO(pictures.encoded(stored, exif=exif.tobytes())))
    assert next(steps) == Seen(1800, 2400, ANY)
    shapes = []
    for step, decodes in zip(steps, (1, 1, 2, 2), strict=True):
        assert isinstance(step, Made)
        assert len(asked) == decodes
        shapes.append((step.size, step.width, step.height))
        picture = Image.open(io.BytesIO(step.content), formats=["WEBP"])
        assert pictures.corners(picture) == UPRIGHT
    assert shapes == [(320, 240, 320), (160, 120, 160), (640, 480, 640), (1280, 960, 1280)]
    assert asked == [(480, 360), (1920, 1440)]


@pytest.mark.parametrize(
    ("longest", "sizes"),
    [
        (1, (160,)),
        (160, (160,)),
        (161, (320, 160)),
        (320, (320, 160)),
        (640, (320, 160, 640)),
        (1280, (320, 160, 640, 1280)),
        (9000, (320, 160, 640, 1280)),
    ],
)
def test_every_image_has_a_thumbnail_and_none_twice(longest: int, sizes: tuple[int, ...]) -> None:
    assert sizes_of(longest, 1) == sizes_of(1, longest) == sizes


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "ICO", "PPM", "EPS", "JPEG2000"])
def test_a_format_outside_the_list_is_refused(kind: str) -> None:
    data = pictures.encoded(pictures.quarters(64, 64), kind)
    assert refused(data) is Fault.UNSUPPORTED


@pytest.mark.parametrize("data", [b"", b"hello", b"<svg/>", b"%!PS-Adobe-3.0 EPSF-3.0"])
def test_a_file_that_is_no_image_is_refused(data: bytes) -> None:
    assert refused(data) is Fault.UNSUPPORTED


@pytest.mark.parametrize("head", [b"\xff\xd8\xff", png.SIGNATURE, b"GIF89a", b"RIFF1234WEBP"])
def test_a_beginning_alone_is_refused(head: bytes) -> None:
    assert refused(head) in (Fault.CORRUPT, Fault.TRUNCATED)


def test_no_other_decoder_is_ever_loaded() -> None:
    """A missing plugin would make Pillow import all, one of which runs programs."""
    list(make(io.BytesIO(pictures.encoded(pictures.quarters(), "AVIF"))))
    code = (
        "import sys, io; from tasks.thumbnailer.pipeline.making import make\n"
        "try: list(make(io.BytesIO(b'RIFF1234WEBP')))\n"
        "except Exception: pass\n"
        "sys.exit('PIL.EpsImagePlugin' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
def test_half_a_file_is_refused(kind: str) -> None:
    data = pictures.encoded(pictures.quarters(), kind)
    assert refused(data[: len(data) // 2]) in (Fault.TRUNCATED, Fault.CORRUPT)


def test_a_jpeg_without_its_end_is_incomplete() -> None:
    data = pictures.photo()
    assert refused(data[: len(data) // 2]) is Fault.TRUNCATED
    assert refused(data[:-2]) is Fault.TRUNCATED


def test_broken_pixels_are_never_shown_blank() -> None:
    """Pillow's second load of such a file succeeds, with pixels that are none."""
    data = bytearray(pictures.encoded(pictures.quarters(), "PNG"))
    data[data.index(b"IDAT") + 60] ^= 0xFF
    assert refused(bytes(data)) in (Fault.CORRUPT, Fault.TRUNCATED)


def test_too_little_memory_is_not_the_files_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> None:
        raise OSError("out of memory error when reading image file")

    monkeypatch.setattr(limits, "after_open", exhausted)
    with pytest.raises(MemoryError):
        list(make(io.BytesIO(pictures.photo())))


def test_a_fault_says_what_it_saw() -> None:
    with pytest.raises(Unfit) as unfit:
        list(make(io.BytesIO(b"GIF8")))
    assert unfit.value.detail == b"GIF8".hex()


class BadSector(io.BytesIO):
    """A file of which no more than the beginning can be read."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0 or self.tell() + size > 1_000:
            raise OSError(errno.EIO, "Input/output error")
        return super().read(size)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_a_disk_that_fails_is_no_broken_image(kind: str) -> None:
    data = pictures.encoded(Image.effect_noise((200, 200), 90).convert("RGB"), kind)
    with pytest.raises(OSError, match="Input/output error"):
        list(make(BadSector(data)))
