"""What is decoded at most. All of it is judged by the header, before any pixel has a place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from PIL import Image

from .formats import Kind
from .unfit import Fault, Unfit

#: The longest side in pixels; AVIF's and JPEG's is what their formats can say.
MAX_SIDE = {Kind.JPEG: 65_500, Kind.PNG: 30_000, Kind.GIF: 30_000, Kind.WEBP: 16_383}
MAX_SIDE_OTHERS = 65_500
MAX_PIXELS = 50_000_000
#: A baseline JPEG is scaled down while it is decoded.
MAX_PIXELS_BASELINE = 100_000_000
#: What a decode may take, by the measured bytes a pixel below.
MAX_DECODE_BYTES = 512 * 1024 * 1024
#: A small file can repeat a scan without end, each as costly as a decode; photos have about ten.
MAX_SCANS = 100

BASELINE_BYTES, PROGRESSIVE_BYTES, PROGRESSIVE_CMYK_BYTES = 2, 6, 8
#: A format's own buffers are most of it: WebP's decoder keeps two canvases, and a Pillow without
#: the short way of `pixels.py` copies one.
FORMAT_BYTES = {Kind.WEBP: 17, Kind.AVIF: 10}
#: PNG and GIF: the picture, its resizable form and, where something shows through, a third one.
MODE_BYTES = {"1": 2, "L": 2, "RGB": 5, "P": 9}
MODE_BYTES_OTHERS = 9

_CHUNK_BYTES = 256 * 1024
_SCAN = b"\xff\xda"
#: An AVIF's box of 20 bytes before its width and height; a grid has one, and one for its tiles.
_EXTENTS = re.compile(rb"\0\0\0\x14ispe\0\0\0\0(.{4})(.{4})", re.DOTALL)
#: The boxes come before the pixels.
_BOXES_BYTES = 64 * 1024


@contextmanager
def while_opening(kind: Kind, file: IO[bytes]) -> Iterator[None]:
    """Refuse endless scans, and have Pillow itself refuse too many pixels as it reads the header.

    WebP's decoder has allocated all of them once it is open. The number is Pillow's global one:
    a process decodes one image at a time.
    """
    if kind is Kind.JPEG and _scans(file) > MAX_SCANS:
        raise Unfit(Fault.TOO_COMPLEX, "scans")
    if kind is Kind.AVIF and (pixels := _announced(file)) > _pixels(kind):
        # Its decoder has a limit of its own, over which it calls the file broken.
        raise Unfit(Fault.TOO_LARGE, f"pixels: {pixels}")
    before = Image.MAX_IMAGE_PIXELS
    # Pillow raises at twice this number.
    Image.MAX_IMAGE_PIXELS = _pixels(kind) // 2
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def after_open(kind: Kind, picture: Image.Image) -> None:
    """Raises Unfit when the sides, the pixels or the memory to decode them are past a limit."""
    width, height = picture.size
    pixels = width * height
    progressive = "progressive" in picture.info
    if max(width, height) > MAX_SIDE.get(kind, MAX_SIDE_OTHERS):
        raise Unfit(Fault.TOO_LARGE, f"side: {width} x {height}")
    if pixels > (MAX_PIXELS if progressive else _pixels(kind)):
        raise Unfit(Fault.TOO_LARGE, f"pixels: {width} x {height}")
    if pixels * _bytes_each(kind, picture.mode, progressive) > MAX_DECODE_BYTES:
        raise Unfit(Fault.TOO_LARGE, f"memory: {width} x {height} {picture.mode}")


def _pixels(kind: Kind) -> int:
    if kind is Kind.JPEG:
        return MAX_PIXELS_BASELINE
    return min(MAX_PIXELS, MAX_DECODE_BYTES // FORMAT_BYTES.get(kind, 1))


def _bytes_each(kind: Kind, mode: str, progressive: bool) -> int:
    if kind is not Kind.JPEG:
        return FORMAT_BYTES.get(kind) or MODE_BYTES.get(mode, MODE_BYTES_OTHERS)
    if not progressive:
        return BASELINE_BYTES
    return PROGRESSIVE_CMYK_BYTES if mode == "CMYK" else PROGRESSIVE_BYTES


def _announced(file: IO[bytes]) -> int:
    """The pixels of the largest picture that an AVIF says it has; 0 when it does not say."""
    file.seek(0)
    found = _EXTENTS.findall(file.read(_BOXES_BYTES))
    sides = [(int.from_bytes(width), int.from_bytes(height)) for width, height in found]
    return max((width * height for width, height in sides), default=0)


def _scans(file: IO[bytes]) -> int:
    """How often a scan begins, at most: within one, 0xFF is never followed by 0xDA."""
    found, before = 0, b""
    file.seek(0)
    while chunk := file.read(_CHUNK_BYTES):
        found += chunk.count(_SCAN) + (before + chunk[:1] == _SCAN)
        before = chunk[-1:]
    return found
