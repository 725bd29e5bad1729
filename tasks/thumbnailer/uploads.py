from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from channels_celery import send, topics
from channels_celery.errors import ChannelsCeleryError

from .describe import describe_new
from .models import Image
from .topics import topic_of

UPLOAD_BYTES = 25 * 1024 * 1024


class Refused(ChannelsCeleryError):
    """An upload is not accepted, for a reason that its sender is told."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def accept(owner: str, files: Sequence[UploadedFile[Any]]) -> list[dict[str, Any]]:
    """Store the files and send each to the thumbnailer: all of them or none.

    Nothing is decoded here: whether a file is an image, the worker finds out.
    Raises Refused before anything is stored.
    """
    _check(files)
    topic = topic_of(owner)
    position = topics.position(topic)
    images = [_store(owner, topic, file) for file in files]
    with transaction.atomic():
        return [_announce(image, position) for image in images]


def _check(files: Sequence[UploadedFile[Any]]) -> None:
    if not files:
        raise Refused("no_image", "Choose at least one image.", 400)
    for file in files:
        if (file.size or 0) > UPLOAD_BYTES:
            limit = UPLOAD_BYTES // 1024 // 1024
            text = f"“{file.name}” is larger than {limit} MB. Upload a smaller file."
            raise Refused("too_large", text, 413)


def _store(owner: str, topic: str, file: UploadedFile[Any]) -> Image:
    """Write the file before the transaction: a slow disk must not hold a database lock.

    A crash in between leaves a file that nothing names.
    """
    image = Image(owner=owner, topic=topic, name=file.name or "image")
    image.original.save("", file, save=False)
    return image


def _announce(image: Image, position: topics.Position) -> dict[str, Any]:
    image.job = send("thumbnailer", {"image": str(image.pk)}, topic=image.topic).id
    image.save(force_insert=True)
    described = describe_new(image, position)
    topics.publish(image.topic, "image.created", described)
    return described
