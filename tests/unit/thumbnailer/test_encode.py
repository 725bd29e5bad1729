from __future__ import annotations

import io

import pytest
from PIL import Image

from tasks.thumbnailer.decode import decode
from tasks.thumbnailer.encode import webp

from . import pictures

SECRET = b"GPS-51.5N-0.1W-SECRET"


@pytest.mark.parametrize("size", [160, 320])
def test_a_thumbnail_fits_its_size_and_keeps_its_shape(size: int) -> None:
    content, made = webp(pictures.quarters(320, 213), size)
    opened = Image.open(io.BytesIO(content), formats=["WEBP"])
    assert opened.size == made == ((160, 106) if size == 160 else (320, 213))
    assert pictures.corners(opened) == ["red", "green", "blue", "white"]


def test_a_thumbnail_says_nothing_that_the_picture_does_not_show() -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    xmp = b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"
    source = pictures.encoded(pictures.quarters(), exif=exif, comment=SECRET, xmp=xmp)
    assert source.count(SECRET) == 3
    content, _ = webp(decode(source, 320)[0], 320)
    assert SECRET not in content


def test_what_shows_through_still_does() -> None:
    source = pictures.quarters(320, 320, "RGBA")
    source.putalpha(100)
    content, _ = webp(source, 160)
    assert Image.open(io.BytesIO(content)).mode == "RGBA"
