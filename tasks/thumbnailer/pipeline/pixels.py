"""The pixels of an opened picture, with no more copies of them than its decoder needs."""

from __future__ import annotations

from PIL import Image, ImageFile, PngImagePlugin, WebPImagePlugin

from . import inflating

#: Pillow's own name: what its `load()` gets a WebP's frame from, as bytes that it then copies.
_NEXT_FRAME = "_get_next"


def pixels_of(picture: ImageFile.ImageFile) -> Image.Image:
    """What `picture.load()` gives, in RGBX where that is what the decoder made.

    A WebP's are those bytes themselves: one copy less, so a quarter of its memory. Raises what the
    decoder raises. To be called once: a second load after a failed one can succeed with blank
    pixels.
    """
    if isinstance(picture, WebPImagePlugin.WebPImageFile) and hasattr(picture, _NEXT_FRAME):
        frame, mode = getattr(picture, _NEXT_FRAME)()[0], picture.rawmode
        return Image.frombuffer(mode, picture.size, frame, "raw", mode, 0, 1)
    if isinstance(picture, PngImagePlugin.PngImageFile):
        inflating.load(picture)
    else:
        picture.load()
    return picture
