"""PNG files chunk by chunk: what Pillow would not write."""

from __future__ import annotations

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE = 0, 2, 3


def chunk(name: bytes, data: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + check


def header(width: int, height: int, bits: int = 8, colour: int = GREY) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))


def file(*chunks: bytes) -> bytes:
    return SIGNATURE + b"".join(chunks) + chunk(b"IEND", b"")


def pixels(rows: list[bytes]) -> bytes:
    """Rows of packed pixels, unfiltered."""
    return chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))


def after_pixels(data: bytes, extra: bytes) -> bytes:
    """The same file with a chunk between its pixels and its end."""
    end = data.rindex(b"IEND") - 4
    return data[:end] + extra + data[end:]
