"""A stranger's bytes → an upright RGB(A) picture that is just large enough.

The order of the steps is the point: whatever loads the pixels before `draft()` costs a large
JPEG five times the time and twenty times the memory.
"""

from __future__ import annotations

import io
import warnings

# All five by name: a missing plugin would make Pillow import every format it knows.
from PIL import (  # noqa: F401
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from channels_celery import Fail

from .colours import normal_mode, to_srgb

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
#: Pixels that are decoded at most; "MPO" is a phone's JPEG. WebP needs 16 bytes for each.
MAX_PIXELS = {"JPEG": 100_000_000, "MPO": 100_000_000, "WEBP": 30_000_000}
MAX_PIXELS_OTHERS = 50_000_000
#: A small file can repeat a scan without end, each as costly as a decode; photos have about ten.
MAX_SCANS = 100

UNREADABLE = "This file is not an image we can read (JPEG, PNG, WebP, GIF, AVIF)."
INCOMPLETE = "This file is incomplete. Upload it again."
TOO_MANY_PIXELS = "This image has too many pixels. Upload a smaller version."

# Pillow raises at twice this number, before it allocates anything.
Image.MAX_IMAGE_PIXELS = max(MAX_PIXELS.values()) // 2
# One job has one processor; the default is all of them for each image.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

_ORIENTATION = 0x0112


def decode(data: bytes, box: int) -> tuple[Image.Image, tuple[int, int]]:
    """The picture, upright and at most `box` pixels wide and high, and the size of the whole.

    Raises Fail with a sentence for the uploader when the bytes are at fault.
    """
    try:
        with warnings.catch_warnings():
            # About strangers' files, so not to anybody here; what matters is raised.
            warnings.simplefilter("ignore")
            return _decode(data, box)
    except Image.DecompressionBombError as error:
        raise Fail(TOO_MANY_PIXELS) from error
    except (Fail, MemoryError):
        # Too little memory says nothing about the file.
        raise
    except Exception as error:
        # Decoders raise whatever they like (SyntaxError is seen): the place is the verdict.
        raise Fail(INCOMPLETE if "truncated" in str(error) else UNREADABLE) from error


def _decode(data: bytes, box: int) -> tuple[Image.Image, tuple[int, int]]:
    picture = _open(data)
    whole = picture.size
    target = _fit(whole, box)
    if picture.format in ("JPEG", "MPO"):
        # From the final size: `thumbnail()` asks for the box and so decodes up to four times more.
        picture.draft(None, (target[0] * 2, target[1] * 2))
    # Once: a second load after a failed one can succeed with blank pixels.
    picture.load()
    orientation = _orientation(picture)
    profile = picture.info.get("icc_profile")
    small = normal_mode(picture).resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0)
    small = to_srgb(small, profile)
    small.info = {}
    if orientation > 1:
        small.getexif()[_ORIENTATION] = orientation
        small = ImageOps.exif_transpose(small)
        small.info = {}
    return small, (whole[1], whole[0]) if orientation >= 5 else whole


def _open(data: bytes) -> Image.Image:
    if data.count(b"\xff\xda") > MAX_SCANS and data.startswith(b"\xff\xd8"):
        raise Fail(UNREADABLE)
    picture = Image.open(io.BytesIO(data), formats=FORMATS)
    width, height = picture.size
    if width * height > MAX_PIXELS.get(picture.format or "", MAX_PIXELS_OTHERS):
        raise Fail(TOO_MANY_PIXELS)
    return picture


def _fit(size: tuple[int, int], box: int) -> tuple[int, int]:
    """The largest size in the box with the same shape; never larger than the picture."""
    scale = min(1.0, box / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _orientation(picture: Image.Image) -> int:
    """From the EXIF bytes alone: `getexif()` also believes XMP, as no other reader does."""
    exif = Image.Exif()
    try:
        exif.load(picture.info.get("exif", b""))
        value = exif.get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - broken notes about a picture are no broken picture
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
