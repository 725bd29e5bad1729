from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from channels_celery import Fail
from tasks.thumbnailer import decode as module
from tasks.thumbnailer.decode import INCOMPLETE, TOO_MANY_PIXELS, UNREADABLE, decode

from . import pictures

ORIENTATION = 0x0112
UPRIGHT = ["red", "green", "blue", "white"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_each_allowed_format_is_read(kind: str) -> None:
    picture, whole = decode(pictures.encoded(pictures.quarters(600, 400), kind), 320)
    assert (picture.size, whole) == ((320, 213), (600, 400))
    assert pictures.corners(picture) == UPRIGHT


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "ICO", "PPM", "EPS", "JPEG2000"])
def test_a_format_outside_the_list_is_refused(kind: str) -> None:
    data = pictures.encoded(pictures.quarters(64, 64), kind)
    with pytest.raises(Fail, match="not an image we can read"):
        decode(data, 320)


@pytest.mark.parametrize("data", [b"", b"hello", b"<svg/>", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(Fail) as failure:
        decode(data, 320)
    assert str(failure.value) in (UNREADABLE, INCOMPLETE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_ends_upright(orientation: int) -> None:
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = pictures.quarters(600, 400)
    if orientation > 1:
        stored = stored.transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    picture, whole = decode(pictures.encoded(stored, exif=exif), 320)
    assert whole == (600, 400)
    assert picture.size == (320, 213)
    assert pictures.corners(picture) == UPRIGHT


def test_a_small_picture_is_not_enlarged() -> None:
    picture, _ = decode(pictures.encoded(pictures.quarters(20, 10), "PNG"), 320)
    assert picture.size == (20, 10)


def test_a_line_keeps_a_pixel_of_its_short_side() -> None:
    picture, _ = decode(pictures.encoded(Image.new("RGB", (2, 9000)), "PNG"), 320)
    assert picture.size == (1, 320)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "LA", "I;16"])
def test_each_mode_of_png_becomes_rgb(mode: str) -> None:
    if mode == "I;16":
        source = Image.new("I;16", (400, 400), 32768)
    else:
        source = Image.new("L", (400, 400), 128).convert(mode)
    picture, _ = decode(pictures.encoded(source, "PNG"), 320)
    assert picture.mode == "RGB"
    grey = picture.getpixel((100, 100))
    assert isinstance(grey, tuple)
    assert mode == "1" or abs(grey[0] - 128) <= 1


def test_cmyk_becomes_rgb() -> None:
    picture, _ = decode(pictures.encoded(pictures.quarters(600, 400, "CMYK")), 320)
    assert picture.mode == "RGB"
    assert pictures.corners(picture) == UPRIGHT


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "AVIF"])
def test_what_shows_through_stays_so(kind: str) -> None:
    source = pictures.quarters(400, 400, "RGBA")
    source.paste((0, 0, 0, 0), (0, 0, 200, 200))
    picture, _ = decode(pictures.encoded(source, kind), 320)
    assert picture.mode == "RGBA"
    assert picture.getchannel("A").getpixel((20, 20)) == 0
    assert picture.getchannel("A").getpixel((300, 300)) == 255


def test_a_wide_profile_is_turned_into_the_colours_of_the_web() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = pictures.quarters(400, 400)
    for icc in (srgb, profile, b"broken"):
        picture, _ = decode(pictures.encoded(source, "PNG", icc_profile=icc), 320)
        assert pictures.corners(picture) == UPRIGHT
        assert "icc_profile" not in picture.info


def test_a_truncated_file_says_so() -> None:
    data = pictures.photo()
    with pytest.raises(Fail) as failure:
        decode(data[: len(data) // 2], 320)
    assert str(failure.value) == INCOMPLETE


def test_too_many_pixels_are_refused_before_they_are_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_PIXELS_OTHERS", 100 * 100)
    with pytest.raises(Fail) as failure:
        decode(pictures.encoded(Image.new("L", (101, 100)), "PNG"), 320)
    assert str(failure.value) == TOO_MANY_PIXELS


def test_a_bomb_is_refused() -> None:
    bomb = pictures.encoded(Image.new("1", (16000, 16000)), "PNG")
    with pytest.raises(Fail) as failure:
        decode(bomb, 320)
    assert str(failure.value) == TOO_MANY_PIXELS


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    data = pictures.encoded(pictures.quarters(), progressive=True)
    start = data.rindex(b"\xff\xda")
    bomb = data[:start] + data[start:-2] * 101 + data[-2:]
    with pytest.raises(Fail) as failure:
        decode(bomb, 320)
    assert str(failure.value) == UNREADABLE


def test_broken_exif_does_not_spoil_the_picture() -> None:
    data = pictures.encoded(pictures.quarters(), exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    picture, _ = decode(data, 320)
    assert pictures.corners(picture) == UPRIGHT


def test_too_little_memory_is_not_the_files_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(_: bytes, __: int) -> None:
        raise MemoryError

    monkeypatch.setattr(module, "_decode", exhausted)
    with pytest.raises(MemoryError):
        decode(pictures.photo(), 320)


PEAK = """
import resource, sys
from tasks.thumbnailer.decode import decode
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
decode(open(sys.argv[1], "rb").read(), 320)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_large_jpeg_is_never_decoded_whole(tmp_path: Path) -> None:
    """24 million pixels are 72 MB when decoded whole; scaled by the decoder they are few."""
    file = tmp_path / "large.jpg"
    file.write_bytes(pictures.photo(6000, 4000))
    run = subprocess.run(
        [sys.executable, "-c", PEAK, file], check=True, capture_output=True, text=True
    )
    pages = 1 if sys.platform == "darwin" else 1024
    assert int(run.stdout) * pages < 20_000_000
