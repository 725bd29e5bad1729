"""The five formats that are read, each known by its first bytes and given to its decoder alone."""

from __future__ import annotations

from enum import StrEnum

# By name: a missing plugin would make Pillow import every format it knows. A phone's JPEG is an
# MPO, which the JPEG plugin would import too late, in a process that may open no files.
from PIL import (  # noqa: F401
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from .unfit import Fault, Unfit

# What `Image.open` would import at its first call.
Image.preinit()
# One job has one processor; the default is all of them for each image.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

#: So much of a file tells its format.
HEAD_BYTES = 32


class Kind(StrEnum):
    """A format, by Pillow's name of it."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"
    GIF = "GIF"
    AVIF = "AVIF"


def kind_of(head: bytes) -> Kind:
    """The format that the first bytes announce; raises Unfit for any other."""
    if head.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind.WEBP
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return Kind.GIF
    # The brand may also stand among the compatible ones that follow.
    if head[4:8] == b"ftyp" and (b"avif" in head[8:] or b"avis" in head[8:]):
        return Kind.AVIF
    raise Unfit(Fault.UNSUPPORTED, head[:12].hex())
