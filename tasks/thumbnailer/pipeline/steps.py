from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known once the image is decoded: its upright size and its BlurHash."""

    width: int
    height: int
    placeholder: str


@dataclass(frozen=True, slots=True)
class Made:
    """A thumbnail: a WebP file, and its size in pixels."""

    size: int
    width: int
    height: int
    content: bytes
