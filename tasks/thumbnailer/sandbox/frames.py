"""What a decoding process writes to its pipe, and how it is read by who does not trust it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from tasks.thumbnailer.pipeline.sizes import SIZES
from tasks.thumbnailer.pipeline.steps import Made, Seen

_HEADER = struct.Struct("!BIIII")
#: Four thumbnails have some 200 KB; a decoder that says more says nothing.
MAX_CONTENT_BYTES = 4 * 1024 * 1024
MAX_FRAMES = 16
MAX_SIDE = 65_535
MAX_PLACEHOLDER = 40


class Mark(IntEnum):
    SEEN = 1
    MADE = 2
    UNFIT = 3
    NO_MEMORY = 4
    BROKEN = 5
    DONE = 6


@dataclass(frozen=True, slots=True)
class Said:
    """How a decode ended, in its own words: `text` is for the log."""

    mark: Mark
    text: str = ""


class Garbled(Exception):
    """What came over the pipe is not what an honest decoder writes."""


def pack(step: Seen | Made | Said) -> bytes:
    match step:
        case Seen(width, height, placeholder):
            return _frame(Mark.SEEN, width, height, 0, placeholder.encode())
        case Made(size, width, height, content):
            return _frame(Mark.MADE, size, width, height, content)
        case Said(mark, text):
            return _frame(mark, 0, 0, 0, text.encode(errors="replace")[:10_000])


def unpack(read: Callable[[int], bytes]) -> Seen | Made | Said | None:
    """The next frame; None at the end. `read` gives so many bytes, fewer only at the end."""
    if len(head := read(_HEADER.size)) < _HEADER.size:
        return None
    mark, one, two, three, length = _HEADER.unpack(head)
    if length > MAX_CONTENT_BYTES:
        raise Garbled(f"a frame of {length} bytes")
    if len(content := read(length)) < length:
        return None
    try:
        return _understood(Mark(mark), one, two, three, content)
    except ValueError as error:
        raise Garbled(str(error)) from error


def _understood(mark: Mark, one: int, two: int, three: int, content: bytes) -> Seen | Made | Said:
    if mark is Mark.SEEN:
        if not (0 < one <= MAX_SIDE and 0 < two <= MAX_SIDE and len(content) <= MAX_PLACEHOLDER):
            raise Garbled("an image that can not be")
        return Seen(one, two, content.decode("ascii"))
    if mark is not Mark.MADE:
        return Said(mark, content.decode(errors="replace"))
    if one not in SIZES or not (0 < two <= one and 0 < three <= one):
        raise Garbled("a thumbnail of no size that is made")
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        raise Garbled("a thumbnail that is none")
    return Made(one, two, three, content)


def _frame(mark: Mark, one: int, two: int, three: int, content: bytes) -> bytes:
    return _HEADER.pack(mark, one, two, three, len(content)) + content
