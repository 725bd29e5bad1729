"""Small files that say they are enormous: refused by their header, in no time and memory."""

from __future__ import annotations

import struct
import zlib

import pytest
from PIL import Image

from tasks.thumbnailer.pipeline import limits
from tasks.thumbnailer.pipeline.unfit import Fault

from . import bombs, pictures, png
from .pictures import made, refused


@pytest.mark.parametrize("bomb", ["png_65536", "webp", "avif", "gif_screen"])
def test_a_bomb_is_refused_by_its_header(bomb: str) -> None:
    assert refused(getattr(bombs, bomb)()) is Fault.TOO_LARGE


def test_an_avif_over_its_decoders_own_limit_is_not_called_broken() -> None:
    assert refused(bombs.avif(side=100_000)) is Fault.TOO_LARGE


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    assert refused(bombs.scans(limits.MAX_SCANS + 1)) is Fault.TOO_COMPLEX


def test_scans_are_counted_across_the_seams_of_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_CHUNK_BYTES", 1)
    assert refused(bombs.scans(limits.MAX_SCANS + 1)) is Fault.TOO_COMPLEX


def test_an_animation_of_ten_thousand_frames_costs_its_first() -> None:
    assert pictures.corners(made(bombs.gif_frames())) == ["red", "green", "blue", "white"]


def test_a_side_may_not_be_endless() -> None:
    data = png.file(png.header(30_001, 1), png.pixels([bytes(30_001)]))
    assert refused(data) is Fault.TOO_LARGE


def test_a_small_side_does_not_excuse_too_many_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PIXELS", 100 * 100)
    assert refused(pictures.encoded(Image.new("L", (101, 100)), "PNG")) is Fault.TOO_LARGE


def test_a_progressive_jpeg_may_have_fewer_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PIXELS", 100 * 100)
    picture = pictures.quarters(200, 100)
    assert made(pictures.encoded(picture)).size == (200, 100)
    assert refused(pictures.encoded(picture, progressive=True)) is Fault.TOO_LARGE


@pytest.mark.parametrize(
    ("kind", "mode", "options", "each"),
    [
        ("JPEG", "RGB", {}, 2),
        ("JPEG", "RGB", {"progressive": True}, 6),
        ("JPEG", "CMYK", {"progressive": True}, 8),
        ("PNG", "L", {}, 2),
        ("PNG", "RGB", {}, 5),
        ("PNG", "RGBA", {}, 9),
        ("GIF", "P", {}, 9),
        ("WEBP", "RGB", {}, 17),
        ("AVIF", "RGB", {}, 10),
    ],
)
def test_memory_is_reckoned_before_it_is_taken(
    kind: str, mode: str, options: dict[str, bool], each: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pictures.encoded(Image.new(mode, (100, 100)), kind, **options)
    monkeypatch.setattr(limits, "MAX_DECODE_BYTES", 100 * 100 * each)
    assert made(data).size == (100, 100)
    monkeypatch.setattr(limits, "MAX_DECODE_BYTES", 100 * 100 * each - 1)
    assert refused(data) is Fault.TOO_LARGE


def test_text_of_a_png_may_not_unfold_without_end() -> None:
    text = b"Comment\0\0" + zlib.compress(bytes(50_000_000))
    data = png.file(png.header(8, 8), png.chunk(b"zTXt", text), png.pixels([bytes(8)] * 8))
    assert len(data) < 60_000
    assert refused(data) is Fault.CORRUPT


def test_a_dimension_of_nothing_is_refused() -> None:
    empty = png.file(png.chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 9, 8, 0, 0, 0, 0)))
    assert refused(empty) is Fault.CORRUPT
