"""Images for tests, made on the spot."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

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
