"""A PNG's pixels, inflated in half the time of zlib.

Pillow's wheels for Linux use the system's zlib (github.com/python-pillow/Pillow/issues/5986), which
takes half of a PNG's decode. So ISA-L goes first, and Pillow's decoder gets the same stream with
its blocks stored (RFC 1951, 3.2.4), which for zlib is a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from isal.igzip_lib import DECOMP_DEFLATE, IgzipDecompressor
from PIL import PngImagePlugin

#: What is read at once of the file, and what a stored block can say that it holds.
PIECE_BYTES = 64 * 1024
BLOCK_BYTES = 65_535

_HEADER_BYTES = 2
_STORED, _STORED_LAST = b"\0", b"\1"


def load(picture: PngImagePlugin.PngImageFile) -> None:
    """`picture.load()`, from stored blocks: the same pixels, and broken ones are refused.

    A stream that breaks after its last pixel is refused, too; Pillow alone may not get there.
    """
    pieces = filter(None, stored(picture.load_read))
    # What `ImageFile.load()` reads by, where a format has it.
    setattr(picture, "load_read", lambda _: next(pieces, b""))  # noqa: B010 - a method of its class
    try:
        picture.load()
    finally:
        # It leads back to the picture, whose memory would wait for the garbage collector.
        del picture.load_read


def stored(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """The zlib stream that `read` gives, piece by piece, each of its blocks stored.

    Its header and its checksum are passed on as they are, for zlib to judge. It ends where `read`
    has no more; raises isal's errors for what is no stream.
    """
    data = b""
    while len(data) < _HEADER_BYTES:
        if not (more := read(PIECE_BYTES)):
            return
        data += more
    yield data[:_HEADER_BYTES]
    data = data[_HEADER_BYTES:]
    inflater = IgzipDecompressor(DECOMP_DEFLATE)
    block = b""
    while not inflater.eof:
        if not data and inflater.needs_input:
            yield block
            block = b""
            if not (data := read(PIECE_BYTES)):
                return
        if more := inflater.decompress(data, BLOCK_BYTES):
            yield block
            block = _block(_STORED, more)
        data = b""
    # The last with the checksum: Pillow looks at none that comes after the pixels are complete.
    yield block + _block(_STORED_LAST, b"") + inflater.unused_data
    while more := read(PIECE_BYTES):
        yield more


def _block(kind: bytes, data: bytes) -> bytes:
    length = len(data)
    complement = length ^ 0xFFFF
    return b"".join((kind, length.to_bytes(2, "little"), complement.to_bytes(2, "little"), data))
