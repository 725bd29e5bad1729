from __future__ import annotations

import io

from PIL import Image, ImageCms

#: Real profiles have some kilobytes; a larger one is no use to a thumbnail.
MAX_PROFILE_BYTES = 1_000_000
#: What a profile is about, of the modes that have more.
_COLOURS = {"LA": "L", "RGBA": "RGB", "RGBX": "RGB"}
_SRGB = ImageCms.createProfile("sRGB")


def to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB, or RGBA where something shows through, in the colours of the web."""
    alpha = picture.getchannel("A") if picture.mode in ("RGBA", "LA") else None
    colours = picture.convert(_COLOURS.get(picture.mode, picture.mode))
    result = (_applied(colours, profile) if profile else colours).convert("RGB")
    if alpha is not None and alpha.getextrema() != (255, 255):
        result.putalpha(alpha)
    return result


def _applied(picture: Image.Image, profile: bytes) -> Image.Image:
    if len(profile) > MAX_PROFILE_BYTES:
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(picture, source, _SRGB, outputMode="RGB") or picture
    except (ImageCms.PyCMSError, OSError, ValueError):
        # Every twentieth profile in the wild is broken: the picture is worth more than its tint.
        return picture
