from __future__ import annotations

import io

from PIL import Image, ImageCms

#: Real profiles have some kilobytes; a larger one is no use to a thumbnail.
MAX_PROFILE_BYTES = 1_000_000


def normal_mode(picture: Image.Image) -> Image.Image:
    """The same picture in a mode that resizes well: palettes would be resized without a filter."""
    if picture.mode in ("RGB", "RGBA", "L", "LA", "CMYK"):
        return picture.convert("RGBA") if "transparency" in picture.info else picture
    if picture.mode.startswith("I"):
        # 16 bits a pixel: Pillow's own conversion clips everything above 255 to white.
        return picture.point(lambda value: value * (1 / 256)).convert("L")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB, or RGBA where something shows through, in the colours of the web."""
    alpha = picture.getchannel("A") if picture.mode in ("RGBA", "LA") else None
    colours = picture.convert("L") if picture.mode == "LA" else picture
    colours = colours.convert("RGB") if picture.mode == "RGBA" else colours
    colours = _apply(colours, profile) if profile else colours
    result = colours.convert("RGB")
    if alpha is not None and alpha.getextrema() != (255, 255):
        result.putalpha(alpha)
    return result


def _apply(picture: Image.Image, profile: bytes) -> Image.Image:
    if len(profile) > MAX_PROFILE_BYTES:
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        # Every twentieth profile in the wild is broken: the picture is worth more than its tint.
        return picture
    return converted or picture
