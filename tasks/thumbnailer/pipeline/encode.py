from __future__ import annotations

import io

from PIL import Image

#: Method 2 of WebP: 5 % more bytes than the default's, for a third of its time.
QUALITY = 80
METHOD = 2


def webp(picture: Image.Image) -> bytes:
    """The picture as a file. Nothing but pixels: no EXIF, no place where it was taken."""
    picture.info = {}
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=QUALITY, method=METHOD)
    return file.getvalue()
