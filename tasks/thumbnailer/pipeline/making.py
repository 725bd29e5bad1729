"""The order of the steps is the point.

Whatever loads the pixels before `draft()` costs a large JPEG five times the time and twenty times
the memory; a limit that is looked at after them is none.
"""

from __future__ import annotations

import errno
import warnings
from collections.abc import Iterator
from typing import IO

from PIL import Image

from . import limits
from .colours import to_srgb
from .encode import webp
from .formats import HEAD_BYTES, Kind, kind_of
from .modes import fit_key, resizable
from .orientation import orientation_of, upright, upright_size
from .pixels import pixels_of
from .placeholder import placeholder
from .sizes import SIZES, fit, sizes_of
from .steps import Made, Seen
from .unfit import Fault, Unfit

#: From here on a baseline JPEG is decoded twice, the first time for its first size alone: that is
#: there in a third of the time, and all of them together take a tenth longer.
TWICE_PIXELS = 4_000_000
#: A JPEG's decoder is asked for this many times the final size: what it scales is scaled coarsely.
DRAFT_GAP = 1.5
REDUCING_GAP = 2.0
#: The file could not be read at all. A decoder's own errors have no number, or EINVAL for a seek.
DISK_ERRORS = (errno.EIO, errno.ESTALE)


def make(file: IO[bytes], sizes: tuple[int, ...] = SIZES) -> Iterator[Seen | Made]:
    """Give each size as soon as it is made, in the order of `sizes`.

    Raises Unfit when the bytes are at fault, MemoryError when there is too little of it.
    """
    picture, whole = _judged(file, sizes[0], max(sizes))
    yield Seen(*whole, placeholder(picture))
    for size in sizes_of(*whole, sizes):
        if max(fit(whole, size)) > max(picture.size):
            picture, _ = _judged(file, max(sizes), max(sizes))
        made = _scaled(picture, size)
        yield Made(size, *made.size, webp(made))


def _judged(file: IO[bytes], first: int, most: int) -> tuple[Image.Image, tuple[int, int]]:
    try:
        with warnings.catch_warnings():
            # About strangers' files, so not to anybody here; what matters is raised.
            warnings.simplefilter("ignore")
            return _decode(file, first, most)
    except Image.DecompressionBombError as error:
        raise Unfit(Fault.TOO_LARGE, str(error)) from error
    except (Unfit, MemoryError):
        # Too little memory says nothing about the file.
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            raise
        # Decoders raise whatever they like (SyntaxError is seen): the place is the verdict.
        text = f"{type(error).__name__}: {error}"
        if "memory" in text.lower():
            raise MemoryError(text) from error
        raise Unfit(Fault.TRUNCATED if "truncated" in text else Fault.CORRUPT, text) from error


def _decode(file: IO[bytes], first: int, most: int) -> tuple[Image.Image, tuple[int, int]]:
    """The picture, upright and no larger than a box of `most`, and the size of the whole.

    No larger than `first` where that comes much sooner.
    """
    file.seek(0)
    kind = kind_of(file.read(HEAD_BYTES))
    with limits.while_opening(kind, file):
        file.seek(0)
        picture = Image.open(file, formats=[kind])
    limits.after_open(kind, picture)
    whole = picture.size
    target = fit(whole, first if _is_soon_small(kind, picture) else most)
    if kind is Kind.JPEG:
        # From the final size: `thumbnail()` asks for the box and so decodes up to four times more.
        picture.draft(None, (int(target[0] * DRAFT_GAP), int(target[1] * DRAFT_GAP)))
    fit_key(picture)
    pixels = pixels_of(picture)
    orientation = orientation_of(picture)
    profile = picture.info.get("icc_profile")
    # With it goes a WebP's decoder, which has two more canvases.
    del picture
    small = resizable(pixels).resize(target, Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP)
    return upright(to_srgb(small, profile), orientation), upright_size(whole, orientation)


def _is_soon_small(kind: Kind, picture: Image.Image) -> bool:
    """Whether its decoder saves most of its work when little of the picture is wanted."""
    pixels = picture.width * picture.height
    return kind is Kind.JPEG and "progressive" not in picture.info and pixels >= TWICE_PIXELS


def _scaled(picture: Image.Image, size: int) -> Image.Image:
    target = fit(picture.size, size)
    if target == picture.size:
        return picture
    return picture.resize(target, Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP)
