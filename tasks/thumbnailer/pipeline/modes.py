"""Pictures in the modes that Pillow resizes and converts well."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageFile

#: How often a PNG's transparent grey fits into eight bits: its pixels are scaled, its key is not.
_KEY_SCALES = {"L;2": 85, "L;4": 17}


def fit_key(picture: ImageFile.ImageFile) -> None:
    """Bring a PNG's one transparent colour to the eight bits of its pixels; before they load."""
    key = picture.info.get("transparency")
    if picture.format != "PNG" or key is None or not picture.tile:
        return
    raw = picture.tile[0].args
    if raw in _KEY_SCALES and isinstance(key, int):
        picture.info["transparency"] = key * _KEY_SCALES[raw]
    elif raw == "RGB;16B" and isinstance(key, tuple):
        picture.info["transparency"] = tuple(part >> 8 for part in key)


def resizable(picture: Image.Image) -> Image.Image:
    """The same picture in a mode of channels: palettes would be resized without a filter."""
    if picture.mode.startswith("I"):
        return _eight_bits(picture)
    if picture.mode in ("RGB", "RGBX", "RGBA", "L", "LA", "CMYK"):
        return picture.convert("RGBA") if "transparency" in picture.info else picture
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _eight_bits(picture: Image.Image) -> Image.Image:
    """The high byte of each grey: Pillow's own conversion clips everything above 255 to white."""
    key = picture.info.get("transparency")
    both = picture.convert("I;16").tobytes()
    high = Image.frombytes("L", picture.size, both[1::2])
    if not isinstance(key, int):
        return high
    low = Image.frombytes("L", picture.size, both[::2])
    opaque = ImageChops.lighter(_differs(high, key >> 8), _differs(low, key & 255))
    return Image.merge("LA", (high, opaque))


def _differs(picture: Image.Image, value: int) -> Image.Image:
    return picture.point([0 if grey == value else 255 for grey in range(256)])
