from __future__ import annotations

import io

from PIL import Image

#: Method 2 of WebP: 5 % more bytes than the default's, for a third of its time.
QUALITY = 80
METHOD = 2


def webp(picture: Image.Image, size: int) -> tuple[bytes, tuple[int, int]]:
    """The picture as a WebP file no larger than `size` pixels either way, and its width and height.

    Nothing but pixels: no EXIF, no place where it was taken, no profile.
    """
    scale = min(1.0, size / max(picture.size))
    width, height = (max(1, round(side * scale)) for side in picture.size)
    if (width, height) != picture.size:
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=QUALITY, method=METHOD)
    return file.getvalue(), (width, height)
