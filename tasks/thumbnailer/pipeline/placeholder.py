from __future__ import annotations

import blurhash
from PIL import Image

from .sizes import fit

#: More would cost milliseconds and show no more: the blur has a few waves each way.
SIDE = 20
COMPONENTS = (4, 3)


def placeholder(picture: Image.Image) -> str:
    """The picture's BlurHash (blurha.sh): 28 characters that a page shows until it has more.

    What shows through is taken as white.
    """
    small = picture.resize(fit(picture.size, SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    if small.mode == "RGBA":
        page = Image.new("RGBA", small.size, "white")
        small = Image.alpha_composite(page, small).convert("RGB")
    width, height = small.size
    flat = small.tobytes()
    row = width * 3
    rows = [
        [tuple(flat[at : at + 3]) for at in range(top, top + row, 3)]
        for top in range(0, row * height, row)
    ]
    return blurhash.encode(rows, *COMPONENTS)
