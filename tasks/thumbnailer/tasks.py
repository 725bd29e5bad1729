from __future__ import annotations

from typing import TYPE_CHECKING, Any

from channels_celery import channel_task

from . import store
from .describe import describe_thumbnail
from .models import SIZES, Content, Image

if TYPE_CHECKING:
    from channels_celery.jobs.handle import Job


@channel_task("thumbnailer", max_retries=4, time_limit=40)
def make_thumbnails(job: Job, message: dict[str, Any]) -> dict[str, int | None] | None:
    """Make each size of an image and announce it the moment it exists.

    Any number of attempts leaves the same files, rows and replies; an image that was removed
    meanwhile ends the work without effect.
    """
    image = Image.objects.select_related("content").filter(pk=message["image"]).first()
    if image is None:
        return None
    if known := store.thumbnails(image.content):
        for made in known:
            job.reply(describe_thumbnail(image, made), key=made.size)
        return _size(image.content)
    return _make(job, image)


def _make(job: Job, image: Image) -> dict[str, int | None] | None:
    # Not at the top: a web process imports this module, and must not even load a decoder.
    from .decode import decode
    from .encode import webp

    content = image.content
    original = store.original(content)
    if original is None:
        return None
    picture, (content.width, content.height) = decode(original, max(SIZES))
    for done, size in enumerate(SIZES, start=1):
        data, shape = webp(picture, size)
        made = store.add(content, size, shape, data)
        if made is None or not Image.objects.filter(pk=image.pk).exists():
            return None
        job.reply(describe_thumbnail(image, made), key=size)
        job.progress(done, len(SIZES))
    store.complete(content, width=content.width, height=content.height)
    return _size(content)


def _size(content: Content) -> dict[str, int | None]:
    return {"width": content.width, "height": content.height}
