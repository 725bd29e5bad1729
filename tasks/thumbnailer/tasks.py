from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.files.storage import default_storage
from django.db import transaction

from channels_celery import channel_task

from .describe import describe_thumbnail
from .files import write
from .models import SIZES, Image, Thumbnail

if TYPE_CHECKING:
    from channels_celery.jobs.handle import Job


@channel_task("thumbnailer", max_retries=4, time_limit=40)
def make_thumbnails(job: Job, message: dict[str, Any]) -> dict[str, int] | None:
    """Make each size of an image and announce it the moment it exists.

    Any number of attempts leaves the same files, rows and replies; an image that was removed
    meanwhile ends the work without effect.
    """
    # Not at the top: a web process imports this module, and must not even load a decoder.
    from .decode import decode
    from .encode import webp

    image = Image.objects.filter(pk=message["image"]).first()
    original = None if image is None else _read(image)
    if image is None or original is None:
        return None
    picture, (width, height) = decode(original, max(SIZES))
    Image.objects.filter(pk=image.pk).update(width=width, height=height)
    for done, size in enumerate(SIZES, start=1):
        content, made = webp(picture, size)
        if not _record(image, size, made, content):
            return None
        job.reply(describe_thumbnail(image, size, *made), key=size)
        job.progress(done, len(SIZES))
    return {"width": width, "height": height}


def _read(image: Image) -> bytes | None:
    """The uploaded bytes; None when the image went while they were looked for."""
    try:
        with image.original.open() as file:
            return file.read()
    except FileNotFoundError:
        if _exists(image):
            raise
        return None


def _record(image: Image, size: int, made: tuple[int, int], content: bytes) -> bool:
    """Store a thumbnail, file before row; False, and nothing stays, when the image has gone."""
    name = image.thumbnail_name(size)
    write(name, content)
    width, height = made
    with transaction.atomic():
        # The lock makes a removal wait until our row is there to be removed with the rest.
        if Image.objects.select_for_update().filter(pk=image.pk).exists():
            Thumbnail.objects.update_or_create(
                image=image, size=size, defaults={"width": width, "height": height}
            )
            return True
    default_storage.delete(name)
    return False


def _exists(image: Image) -> bool:
    return Image.objects.filter(pk=image.pk).exists()
