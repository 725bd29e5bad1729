"""Images for tests, made on the spot."""

from __future__ import annotations

import io
from typing import Any, Literal

import pytest
from PIL import Image, ImageCms

from tasks.thumbnailer.pipeline.making import make
from tasks.thumbnailer.pipeline.steps import Made
from tasks.thumbnailer.pipeline.unfit import Fault, Unfit

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 180, 60), (30, 60, 220), (255, 255, 255)


def encoded(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def quarters(width: int = 600, height: int = 400, mode: str = "RGB") -> Image.Image:
    """Red, green / blue, white: each corner says where it ended up."""
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    picture.paste(WHITE, (width // 2, height // 2, width, height))
    return picture.convert(mode)


def photo(width: int = 1200, height: int = 900) -> bytes:
    return encoded(quarters(width, height), quality=85)


def corners(picture: Image.Image) -> list[str]:
    """The nearest colour's name at each corner: top left, top right, bottom left, bottom right."""
    width, height = picture.size
    across, down = (width // 4, width - width // 4 - 1), (height // 4, height - height // 4 - 1)
    rgb = picture.convert("RGB")
    return [_name(rgb.getpixel((x, y))) for y in down for x in across]


def _name(colour: Any) -> str:
    known = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE}
    return min(known, key=lambda name: _distance(known[name], colour))


def _distance(one: Any, other: Any) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def made(data: bytes, size: int = 320) -> Image.Image:
    """The thumbnail of a file as a picture: that size, or the only one."""
    steps = [step for step in make(io.BytesIO(data)) if isinstance(step, Made)]
    chosen = next((step for step in steps if step.size == size), steps[0])
    return Image.open(io.BytesIO(chosen.content), formats=["WEBP"])


def refused(data: bytes) -> Fault:
    """Why a file can not be made into thumbnails."""
    with pytest.raises(Unfit) as unfit:
        list(make(io.BytesIO(data)))
    return unfit.value.fault


def pixel(picture: Image.Image, place: int = 100) -> tuple[int, ...]:
    found = picture.getpixel((place, place))
    assert isinstance(found, tuple)
    return tuple(int(part) for part in found)


def profile(colours: Literal["sRGB", "LAB"] = "sRGB") -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(colours)).tobytes()


def swapped_profile() -> bytes:
    """sRGB's own profile, but that red and blue have changed places."""
    mixed = profile().replace(b"rXYZ", b"????", 1).replace(b"bXYZ", b"rXYZ", 1)
    return mixed.replace(b"????", b"bXYZ", 1)
