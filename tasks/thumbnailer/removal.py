from __future__ import annotations

from collections.abc import Iterator

from django.core.files.storage import default_storage
from django.db import transaction

from channels_celery import topics

from .models import SIZES, Image


def remove(image: Image) -> None:
    """Delete an image and tell its topic; its files and what its events said go after commit."""
    id, job, topic = str(image.pk), str(image.job), image.topic
    names = [str(image.original.name), *(image.thumbnail_name(size) for size in SIZES)]
    with transaction.atomic():
        topics.publish(topic, "image.deleted", {"id": id})
        image.delete()
        transaction.on_commit(lambda: _delete_files(names), robust=True)
        transaction.on_commit(lambda: _forget(topic, id, job), robust=True)


def _delete_files(names: list[str]) -> None:
    for name in names:
        default_storage.delete(name)


def _forget(topic: str, id: str, job: str) -> None:
    """Its name and its thumbnails' addresses are not told to who reads the topic later."""
    for event in _events(topic):
        about = event.value or {}
        if event.type == "image.deleted" or event.seq is None:
            continue
        if about.get("job") == job or about.get("id") == id:
            topics.redact(topic, event.seq)


def _events(topic: str) -> Iterator[topics.Event]:
    since = None
    while (page := topics.read(topic, since)).events:
        yield from page.events
        last = page.events[-1]
        since = topics.Position(epoch=page.top.epoch, seq=last.seq or 0, mid=last.mid)
