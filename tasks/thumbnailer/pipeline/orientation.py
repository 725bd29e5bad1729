from __future__ import annotations

from PIL import Image

_TAG = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation_of(picture: Image.Image) -> int:
    """1 to 8 as EXIF has it. Of a loaded picture: in a PNG it may stand after the pixels.

    From the EXIF bytes alone: `getexif()` also believes XMP, as no other reader does.
    """
    exif = Image.Exif()
    try:
        exif.load(picture.info.get("exif", b""))
        value = exif.get(_TAG, 1)
    except Exception:  # noqa: BLE001 - broken notes about a picture are no broken picture
        return 1
    return value if isinstance(value, int) and value in _TURNS else 1


def upright(picture: Image.Image, orientation: int) -> Image.Image:
    return picture.transpose(_TURNS[orientation]) if orientation in _TURNS else picture


def upright_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """The size once upright: from 5 on the picture lies on its side."""
    return (size[1], size[0]) if orientation >= 5 else size
