"""The short ways to a picture's pixels lead to the very pixels that Pillow has."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageFile

from tasks.thumbnailer.pipeline import pixels
from tasks.thumbnailer.pipeline.colours import to_srgb
from tasks.thumbnailer.pipeline.modes import resizable

from . import pictures

FRAMES = [pictures.quarters(200, 200), Image.new("RGB", (200, 200), "black")]
WEBPS = {
    "lossy": pictures.encoded(pictures.quarters(301, 203), "WEBP"),
    "lossless": pictures.encoded(pictures.quarters(301, 203), "WEBP", lossless=True),
    "see-through": pictures.encoded(Image.new("RGBA", (99, 7), (9, 99, 199, 128)), "WEBP"),
    "animated": pictures.encoded(FRAMES[0], "WEBP", save_all=True, append_images=FRAMES[1:]),
}


def opened(data: bytes) -> ImageFile.ImageFile:
    return Image.open(io.BytesIO(data))


def thumbnail(picture: Image.Image) -> Image.Image:
    return to_srgb(resizable(picture).resize((50, 40), Image.Resampling.LANCZOS), None)


@pytest.mark.parametrize("name", WEBPS)
def test_a_webp_has_the_pixels_of_pillows_own_decode(name: str) -> None:
    loaded = opened(WEBPS[name])
    loaded.load()
    had = pixels.pixels_of(opened(WEBPS[name]))
    assert had.mode == ("RGBA" if name == "see-through" else "RGBX")
    assert had.convert(loaded.mode).tobytes() == loaded.tobytes()
    assert thumbnail(had).tobytes() == thumbnail(loaded).tobytes()


def test_a_webp_is_read_by_a_pillow_that_knows_no_short_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pixels, "_NEXT_FRAME", "_gone")
    had = pixels.pixels_of(opened(WEBPS["lossy"]))
    assert had.mode == "RGB"
    assert pictures.corners(had) == ["red", "green", "blue", "white"]
