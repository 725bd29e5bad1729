"""Something like photos, made on the spot: shapes of every size, and grain."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from PIL import Image

from tasks.thumbnailer.pipeline.formats import Kind

#: By name: width, height, format and how it is saved.
FILES: dict[str, tuple[int, int, Kind, dict[str, Any]]] = {
    "24 MP JPEG": (6_000, 4_000, Kind.JPEG, {"quality": 85}),
    "12 MP JPEG": (4_032, 3_024, Kind.JPEG, {"quality": 85}),
    "12 MP PNG": (4_032, 3_024, Kind.PNG, {}),
    "12 MP WebP": (4_032, 3_024, Kind.WEBP, {"quality": 85, "method": 2}),
    "small JPEG": (64, 48, Kind.JPEG, {}),
}


def write(folder: Path) -> dict[str, Path]:
    """Each of the files; where it is."""
    places = {}
    for number, (name, (width, height, kind, options)) in enumerate(FILES.items()):
        places[name] = folder / f"{number}.{kind.lower()}"
        photo(width, height).save(places[name], kind, **options)
    return places


def photo(width: int, height: int) -> Image.Image:
    chance = random.Random(1)
    made = Image.new("RGB", (width, height), "grey")
    for cells, weight in ((6, 0.5), (24, 0.35), (96, 0.3), (384, 0.2)):
        rows = cells * 3 // 4
        coarse = Image.frombytes("RGB", (cells, rows), chance.randbytes(cells * rows * 3))
        fine = coarse.resize((width, height), Image.Resampling.BICUBIC)
        made = Image.blend(made, fine, weight)
    grain = Image.effect_noise((width, height), 20)
    return Image.blend(made, Image.merge("RGB", [grain] * 3), 0.1)
