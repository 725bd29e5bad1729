from __future__ import annotations

#: The longest side of each thumbnail in pixels, in the order they are made: the page's own first.
SIZES = (320, 160, 640, 1280)


def sizes_of(width: int, height: int, sizes: tuple[int, ...] = SIZES) -> tuple[int, ...]:
    """Which of these sizes an image of so many pixels has.

    It is never enlarged: of the sizes that it does not fill, the smallest is it as it is.
    """
    longest = max(width, height)
    whole = min((size for size in sizes if size >= longest), default=longest)
    return tuple(size for size in sizes if size <= whole)


def fit(size: tuple[int, int], box: int) -> tuple[int, int]:
    """The largest size in the box with the same shape, at least a pixel wide; never larger."""
    scale = min(1.0, box / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
