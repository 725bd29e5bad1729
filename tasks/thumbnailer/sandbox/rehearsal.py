"""A decode of a picture of our own, before any stranger's."""

from __future__ import annotations

import io

from PIL import Image

from tasks.thumbnailer.pipeline.making import make


def rehearse() -> None:
    """Do once what every decode does, so that the next one finds it done.

    What the first decode of the server sets up, all that it forks share; and each page that a
    forked process is the first to touch costs it microseconds, some 500 of them two milliseconds.
    """
    for _ in make(io.BytesIO(_PIXEL)):
        pass


def _pixel() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (1, 1)).save(file, "JPEG")
    return file.getvalue()


_PIXEL = _pixel()
