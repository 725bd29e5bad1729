"""Small files that would be enormous, put together without ever being so."""

from __future__ import annotations

import struct
import zlib

from . import pictures, png


def png_of(width: int, height: int) -> bytes:
    """A black picture whose rows pack into next to nothing, a few of them given."""
    some = zlib.compress(bytes(1_000_000))
    return png.file(png.header(width, height, 1), png.chunk(b"IDAT", some))


def png_65536() -> bytes:
    return png_of(65_536, 65_536)


def webp(width: int = 16_383, height: int = 10_866) -> bytes:
    """178 million pixels, of which a small picture gives some."""
    small = pictures.encoded(pictures.quarters(64, 64), "WEBP")
    sides = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    extended = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + sides
    body = b"WEBP" + extended + small[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def avif(side: int = 17_000) -> bytes:
    """289 million pixels: a small picture that says so of itself."""
    data = bytearray(pictures.encoded(pictures.quarters(64, 64), "AVIF"))
    at = data.index(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", side, side)
    return bytes(data)


def gif_screen() -> bytes:
    data = bytearray(pictures.encoded(pictures.quarters(64, 64), "GIF"))
    data[6:10] = struct.pack("<HH", 65_535, 65_535)
    return bytes(data)


def gif_frames(frames: int = 10_000) -> bytes:
    """The same frame over and over."""
    data = pictures.encoded(pictures.quarters(64, 64), "GIF")
    start = data.index(b"\x2c", 13 + 3 * 2 ** ((data[10] & 7) + 1))
    return data[:start] + data[start:-1] * frames + data[-1:]


def scans(number: int, side: int = 64) -> bytes:
    """A progressive JPEG whose last scan is repeated."""
    data = pictures.encoded(pictures.quarters(side, side), progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * number + data[-2:]
