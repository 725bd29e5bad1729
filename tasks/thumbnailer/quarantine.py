"""Files that broke a decoder, kept for who looks into it; an image's removal leaves them."""

from __future__ import annotations

import logging
from typing import IO, Any

from django.core.files.base import File
from django.core.files.storage import default_storage

logger = logging.getLogger(__name__)

FOLDER = "quarantine"
#: Somebody who has found a crash can upload it without end.
MAX_FILES = 100


def keep(name: str, file: IO[Any], reason: str) -> None:
    """Copy the file there under this name, and log where it is and why.

    Never raises: that the copy failed must not hide what is known of the file.
    """
    place = f"{FOLDER}/{name}"
    try:
        if not default_storage.exists(place) and _kept() < MAX_FILES:
            file.seek(0)
            default_storage.save(place, File(file))
    except Exception as error:  # noqa: BLE001 - each storage has errors of its own
        logger.error("%s: not kept as %s: %s", reason, place, error)
    else:
        logger.error("%s: see %s in the storage", reason, place)


def _kept() -> int:
    try:
        return len(default_storage.listdir(FOLDER)[1])
    except FileNotFoundError:
        return 0
