from __future__ import annotations

import blurhash
import pytest
from PIL import Image

from tasks.thumbnailer.pipeline.placeholder import placeholder

from . import pictures


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("shape", [(320, 213), (1280, 1), (1, 1)])
def test_a_placeholder_is_a_short_text(mode: str, shape: tuple[int, int]) -> None:
    assert len(placeholder(pictures.quarters(*shape, mode))) == 28


def test_a_placeholder_looks_like_its_picture() -> None:
    rows = blurhash.decode(placeholder(pictures.quarters(320, 213)), 32, 24)
    flat = bytes(round(value) for row in rows for colour in row for value in colour)
    picture = Image.frombytes("RGB", (32, 24), flat)
    assert pictures.corners(picture) == ["red", "green", "blue", "white"]


def test_what_shows_through_is_taken_as_white() -> None:
    clear = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    assert blurhash.decode(placeholder(clear), 1, 1)[0][0] == [255, 255, 255]
