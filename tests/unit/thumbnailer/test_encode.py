from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tasks.thumbnailer.pipeline.making import make
from tasks.thumbnailer.pipeline.steps import Made

from . import pictures, png

SECRET = b"GPS-51.5N-0.1W-SECRET"
XMP = b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"


def exif() -> Image.Exif:
    notes = Image.Exif()
    notes[0x010E] = SECRET.decode()
    notes.get_ifd(0x8825)[0x001D] = SECRET.decode()
    return notes


def icc() -> bytes:
    """A profile that is described by the secret."""
    profile = pictures.profile()
    return profile[:128] + profile[128:] + SECRET


def texts() -> PngInfo:
    info = PngInfo()
    info.add_text("Comment", SECRET.decode())
    info.add_text("Place", SECRET.decode(), zip=True)
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return info


CARRIERS: dict[str, dict[str, Any]] = {
    "JPEG": {"exif": exif(), "comment": SECRET, "xmp": XMP, "icc_profile": icc()},
    "PNG": {"exif": exif(), "pnginfo": texts(), "icc_profile": icc()},
    "WEBP": {"exif": exif(), "xmp": XMP, "icc_profile": icc()},
    "GIF": {"comment": SECRET},
    "AVIF": {"exif": exif(), "xmp": XMP, "icc_profile": icc()},
}


def outputs(data: bytes) -> list[bytes]:
    steps = list(make(io.BytesIO(data)))
    found = [step.content for step in steps if isinstance(step, Made)]
    assert found
    return found


@pytest.mark.parametrize("kind", CARRIERS)
def test_a_thumbnail_says_nothing_that_the_picture_does_not_show(kind: str) -> None:
    source = pictures.encoded(pictures.quarters(), kind, **CARRIERS[kind])
    if kind == "PNG":
        source = png.after_pixels(source, png.chunk(b"tEXt", b"Late\0" + SECRET))
        source = png.after_pixels(source, png.chunk(b"zTXt", b"Zip\0\0" + zlib.compress(SECRET)))
    assert SECRET in source
    for content in outputs(source):
        opened = Image.open(io.BytesIO(content))
        opened.load()
        assert SECRET not in content
        assert set(opened.info) <= {"background", "loop", "duration", "timestamp"}


def test_nothing_that_hangs_on_an_image_is_in_its_thumbnail() -> None:
    """A file may be an image and a program at once."""
    tail = io.BytesIO()
    with zipfile.ZipFile(tail, "w") as archive:
        archive.writestr("run.php", "<?php system($_GET['c']); ?>")
    for content in outputs(pictures.photo() + tail.getvalue()):
        assert b"<?php" not in content
        assert not zipfile.is_zipfile(io.BytesIO(content))


def test_what_shows_through_still_does() -> None:
    source = pictures.quarters(320, 320, "RGBA")
    source.putalpha(100)
    for content in outputs(pictures.encoded(source, "PNG")):
        assert Image.open(io.BytesIO(content)).mode == "RGBA"
