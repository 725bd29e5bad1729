from __future__ import annotations

from contextlib import closing
from typing import IO, TYPE_CHECKING, Any

from django.db import transaction

from channels_celery import Fail, channel_task, topics

from . import quarantine, store
from .describe import describe_thumbnail
from .faults import CRASHED, GONE, SENTENCES
from .models import Content, Image
from .pipeline.sizes import sizes_of
from .pipeline.steps import Seen
from .pipeline.unfit import Unfit
from .sandbox import client
from .sandbox.troubles import Crashed

if TYPE_CHECKING:
    from channels_celery.jobs.handle import Job

#: A storage may show a file a little later than it took it, but not for ever.
LOOKS_FOR_THE_FILE = 3


@channel_task("thumbnailer", max_retries=4, time_limit=60)
def make_thumbnails(job: Job, message: dict[str, Any]) -> dict[str, int | None] | None:
    """Make each size of an image and announce it the moment it exists.

    Any number of attempts leaves the same files, rows and replies; an image that was removed
    meanwhile ends the work without effect. The file's fault fails at once, the machine's is tried
    again.
    """
    image = Image.objects.select_related("content").filter(pk=message["image"]).first()
    if image is None:
        return None
    if known := store.thumbnails(image.content):
        for made in known:
            job.reply(describe_thumbnail(image, made), key=made.size)
        return {"width": image.content.width, "height": image.content.height}
    original = _original(job, image.content)
    if original is None:
        return None
    with original:
        try:
            return _make(job, image, original)
        except Unfit as unfit:
            raise Fail(SENTENCES[unfit.fault]) from unfit
        except Crashed as crashed:
            quarantine.keep(image.content.digest, original, str(crashed))
            raise Fail(CRASHED) from crashed


def _make(job: Job, image: Image, original: IO[Any]) -> dict[str, int | None] | None:
    content = image.content
    result: dict[str, int | None] = {}
    total = done = 0
    # Closed however it ends: nobody goes on decoding for a job that does not.
    with closing(client.thumbnails(original)) as steps:
        for step in steps:
            if isinstance(step, Seen):
                if not _seen(image, step):
                    return None
                result = {"width": step.width, "height": step.height}
                total = len(sizes_of(step.width, step.height))
                continue
            made = store.add(content, step.size, (step.width, step.height), step.content)
            if made is None or not Image.objects.filter(pk=image.pk).exists():
                return None
            done += 1
            job.reply(describe_thumbnail(image, made), key=step.size)
            job.progress(done, total)
    store.complete(content)
    return result


def _seen(image: Image, seen: Seen) -> bool:
    """Let the page hold the image's place: its size and a blur of it, before its first file.

    False when the image has gone.
    """
    about = {"width": seen.width, "height": seen.height, "placeholder": seen.placeholder}
    with transaction.atomic():
        # The lock makes a removal, and the last word on the image, wait until this is told.
        if not Image.objects.select_for_update().filter(pk=image.pk).exists():
            return False
        Content.objects.filter(pk=image.content.pk).update(**about)
        topics.publish(image.topic, "image.seen", {"id": str(image.pk), **about})
    return True


def _original(job: Job, content: Content) -> IO[Any] | None:
    try:
        return store.original(content)
    except FileNotFoundError:
        if job.attempt >= LOOKS_FOR_THE_FILE:
            raise Fail(GONE) from None
        raise
