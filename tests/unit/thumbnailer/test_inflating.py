"""A PNG's pixels are inflated by another library than Pillow's: they, and the verdicts, stay so."""

from __future__ import annotations

import gc
import io
import random
import struct
import weakref
import zlib

import pytest
from PIL import Image, PngImagePlugin

from tasks.thumbnailer.pipeline import inflating
from tasks.thumbnailer.pipeline.unfit import Fault

from . import pictures, png
from .pictures import refused

CHANCE = random.Random(1)
GRAIN = CHANCE.randbytes(300_000)
MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]


def reading(data: bytes, most: int) -> io.BytesIO:
    """Reads like a PNG whose chunks have so many bytes."""
    file = io.BytesIO(data)
    setattr(file, "read", lambda length: io.BytesIO.read(file, min(length, most)))  # noqa: B010
    return file


def inflated(data: bytes, most: int = 1_000_000) -> bytes:
    return b"".join(inflating.stored(reading(data, most).read))


def opened(data: bytes) -> PngImagePlugin.PngImageFile:
    picture = Image.open(io.BytesIO(data))
    assert isinstance(picture, PngImagePlugin.PngImageFile)
    return picture


def grain(mode: str) -> Image.Image:
    picture = Image.frombytes("RGB", (310, 310), GRAIN[: 310 * 310 * 3])
    return picture.convert("L" if mode == "I;16" else mode).convert(mode)


def seen(data: bytes) -> bytes:
    """The pixels as we read them, which are those that Pillow reads alone."""
    ours, theirs = opened(data), opened(data)
    theirs.load()
    inflating.load(ours)
    assert (ours.mode, ours.tobytes()) == (theirs.mode, theirs.tobytes())
    return ours.tobytes()


@pytest.mark.parametrize("data", [b"", b"x", GRAIN, bytes(300_000), GRAIN[:65_535], GRAIN[:65_536]])
@pytest.mark.parametrize("level", [0, 1, 6])
@pytest.mark.parametrize("most", [7, 1_000_000])
def test_a_stream_says_the_same_in_stored_blocks(data: bytes, level: int, most: int) -> None:
    assert zlib.decompress(inflated(zlib.compress(data, level), most)) == data


def test_a_stream_that_ends_too_soon_gives_what_there_is() -> None:
    whole = zlib.compress(GRAIN[:5_000])
    for length in (0, 1, 2, 3, 100, len(whole) - 5, len(whole) - 1):
        inflater = zlib.decompressobj()
        given = inflater.decompress(inflated(whole[:length]))
        assert given == zlib.decompressobj().decompress(whole[:length])
        assert not inflater.eof


@pytest.mark.parametrize("mode", MODES)
def test_each_mode_has_the_pixels_of_pillows_own_decode(mode: str) -> None:
    picture = grain(mode)
    assert seen(pictures.encoded(picture, "PNG")) == picture.tobytes()


def test_interlaced_pixels_are_those_of_pillows_own_decode() -> None:
    passes = [(1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4)]
    rows = [b"\0" + GRAIN[:width] for width, height in passes for _ in range(height)]
    header = png.chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, png.GREY, 0, 0, 1))
    assert seen(png.file(header, png.chunk(b"IDAT", zlib.compress(b"".join(rows)))))


@pytest.mark.parametrize("size", [1, 9, 400])
def test_pixels_may_come_in_chunks_of_any_size(size: int) -> None:
    rows = [GRAIN[at : at + 60] for at in range(0, 1_800, 60)]
    stream = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = [png.chunk(b"IDAT", stream[at : at + size]) for at in range(0, len(stream), size)]
    empty = png.chunk(b"IDAT", b"")
    assert seen(png.file(png.header(60, 30), empty, *chunks, empty)) == b"".join(rows)


@pytest.mark.parametrize("level", [0, 6])
def test_the_checksum_of_the_pixels_is_still_looked_at(level: int) -> None:
    data = bytearray(pictures.encoded(grain("RGB"), "PNG", compress_level=level))
    end = data.rindex(b"IEND") - 4
    data[end - 5] ^= 1
    assert refused(bytes(data)) is Fault.CORRUPT


def test_a_broken_file_that_pillow_refuses_is_refused() -> None:
    whole = pictures.encoded(grain("RGB").resize((90, 70)), "PNG")
    cut = [whole[:-lost] for lost in range(1, 40)]
    changed = [bytearray(whole) for _ in range(150)]
    for data in changed:
        data[CHANCE.randrange(40, len(data))] ^= 1 << CHANCE.randrange(8)
    broken = [*cut, *map(bytes, changed)]
    shown = 0
    for file in broken:
        if (ours := _pixels(file, sooner=True)) is not None:
            assert ours == _pixels(file, sooner=False)
            shown += 1
    # What stands after the pixels may be missing.
    assert 5 < shown < len(broken) - 5


def _pixels(data: bytes, sooner: bool) -> bytes | None:
    try:
        picture = opened(data)
        inflating.load(picture) if sooner else picture.load()
        return picture.tobytes()
    except Exception:  # noqa: BLE001 - as in the pipeline: the place is the verdict
        return None


def test_a_picture_is_freed_without_the_garbage_collector() -> None:
    gc.disable()
    try:
        picture = opened(pictures.encoded(grain("RGB"), "PNG"))
        inflating.load(picture)
        gone = weakref.ref(picture)
        del picture
        assert gone() is None
    finally:
        gc.enable()
