"""Thumbnails look like their images: what each format hides in wait for who resizes it."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from tasks.thumbnailer.pipeline import colours
from tasks.thumbnailer.pipeline.making import make
from tasks.thumbnailer.pipeline.steps import Seen

from . import pictures, png
from .pictures import made, pixel

ORIENTATION = 0x0112
UPRIGHT = ["red", "green", "blue", "white"]
UNDO = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif.tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_ends_upright(orientation: int) -> None:
    stored = pictures.quarters(600, 400)
    if orientation > 1:
        stored = stored.transpose(Image.Transpose(UNDO[orientation]))
    data = pictures.encoded(stored, exif=turned(orientation))
    seen = next(make(io.BytesIO(data)))
    assert isinstance(seen, Seen)
    assert (seen.width, seen.height) == (600, 400)
    picture = made(data)
    assert picture.size == (320, 213)
    assert pictures.corners(picture) == UPRIGHT


def test_a_png_is_turned_by_what_stands_after_its_pixels() -> None:
    stored = pictures.quarters(600, 400).transpose(Image.Transpose.ROTATE_90)
    exif = turned(6).removeprefix(b"Exif\x00\x00")
    data = png.after_pixels(pictures.encoded(stored, "PNG"), png.chunk(b"eXIf", exif))
    assert pictures.corners(made(data)) == UPRIGHT


def test_xmp_turns_nothing() -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r tiff:Orientation="6"/></x:xmpmeta>'
    assert pictures.corners(made(pictures.encoded(pictures.quarters(), xmp=xmp))) == UPRIGHT


def test_broken_exif_does_not_spoil_the_picture() -> None:
    data = pictures.encoded(pictures.quarters(), exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert pictures.corners(made(data)) == UPRIGHT


def test_a_line_keeps_a_pixel_of_its_short_side() -> None:
    assert made(pictures.encoded(Image.new("RGB", (2, 9000)), "PNG")).size == (1, 320)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "LA"])
def test_each_mode_of_png_becomes_rgb(mode: str) -> None:
    picture = made(pictures.encoded(Image.new("L", (400, 400), 128).convert(mode), "PNG"))
    assert picture.mode == "RGB"
    # Black and white alternate in mode 1: resized with a filter they are grey again.
    assert abs(pixel(picture)[0] - 128) <= (8 if mode == "1" else 1)


@pytest.mark.parametrize(("grey", "shown"), [(300, 1), (32768, 128), (65535, 255)])
def test_sixteen_bits_of_grey_become_eight_and_are_not_clipped(grey: int, shown: int) -> None:
    picture = made(pictures.encoded(Image.new("I;16", (400, 400), grey), "PNG"))
    assert abs(pixel(picture)[0] - shown) <= 1


@pytest.mark.parametrize(
    ("bits", "key", "shown", "hidden"),
    [
        (1, 1, b"\x00", b"\xff"),
        (2, 2, b"\x55", b"\xaa"),
        (4, 15, b"\x33", b"\xff"),
        (8, 7, b"\x08", b"\x07"),
        (16, 0x1234, b"\x12\x35", b"\x12\x34"),
    ],
)
def test_the_transparent_grey_of_a_png_is_transparent(
    bits: int, key: int, shown: bytes, hidden: bytes
) -> None:
    rows = [(shown * 400)[: 200 * bits // 8] + (hidden * 400)[: 200 * bits // 8]] * 400
    data = png.file(
        png.header(400, 400, bits), png.chunk(b"tRNS", struct.pack(">H", key)), png.pixels(rows)
    )
    picture = made(data)
    assert picture.mode == "RGBA"
    assert (pixel(picture, 40)[3], pixel(picture, 280)[3]) == (255, 0)


def test_the_transparent_colour_of_a_deep_png_is_transparent() -> None:
    shown, hidden = struct.pack(">HHH", 65535, 0, 0), struct.pack(">HHH", 0x1234, 0x5678, 0x9ABC)
    rows = [shown * 200 + hidden * 200] * 400
    data = png.file(png.header(400, 400, 16, png.RGB), png.chunk(b"tRNS", hidden), png.pixels(rows))
    picture = made(data)
    assert (pixel(picture, 40)[3], pixel(picture, 280)[3]) == (255, 0)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "AVIF"])
def test_what_shows_through_stays_so(kind: str) -> None:
    source = pictures.quarters(400, 400, "RGBA")
    source.paste((0, 0, 0, 0), (0, 0, 200, 200))
    picture = made(pictures.encoded(source, kind))
    assert picture.mode == "RGBA"
    assert (pixel(picture, 20)[3], pixel(picture, 300)[3]) == (0, 255)


def test_what_is_hidden_does_not_stain_its_neighbours() -> None:
    source = Image.new("RGBA", (800, 800), (255, 0, 0, 0))
    source.paste((0, 0, 255, 255), (0, 0, 402, 800))
    red, _, blue, alpha = pixel(made(pictures.encoded(source, "PNG")), 160)
    assert 0 < alpha < 255
    assert red < 20 < 200 < blue


def test_cmyk_becomes_rgb() -> None:
    picture = made(pictures.encoded(pictures.quarters(600, 400, "CMYK")))
    assert picture.mode == "RGB"
    assert pictures.corners(picture) == UPRIGHT


def test_a_profile_is_applied_before_it_is_dropped() -> None:
    """In the profile red and blue have changed places."""
    profile = pictures.swapped_profile()
    data = pictures.encoded(Image.new("RGB", (400, 400), (200, 30, 30)), "PNG", icc_profile=profile)
    red, _, blue = pixel(made(data))[:3]
    assert red < 60 < 150 < blue


@pytest.mark.parametrize("profile", [b"broken", pictures.profile("LAB")])
def test_a_broken_profile_does_not_spoil_the_picture(profile: bytes) -> None:
    data = pictures.encoded(pictures.quarters(400, 400), "PNG", icc_profile=profile)
    assert pictures.corners(made(data)) == UPRIGHT


def test_a_huge_profile_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colours, "MAX_PROFILE_BYTES", 100)
    swapped = pictures.swapped_profile()
    data = pictures.encoded(pictures.quarters(400, 400), "PNG", icc_profile=swapped)
    assert pictures.corners(made(data)) == UPRIGHT


def test_a_phones_two_pictures_are_its_first() -> None:
    first, second = pictures.quarters(600, 400), Image.new("RGB", (600, 400), "black")
    data = pictures.encoded(first, "MPO", save_all=True, append_images=[second])
    assert Image.open(io.BytesIO(data)).format == "MPO"
    assert pictures.corners(made(data)) == UPRIGHT


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "AVIF", "PNG"])
def test_of_an_animation_the_first_frame_is_shown(kind: str) -> None:
    frames = [pictures.quarters(200, 200), Image.new("RGB", (200, 200), "black")]
    data = pictures.encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    assert pictures.corners(made(data)) == UPRIGHT
