from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from channels_celery import topics

from . import store
from .models import Image


def remove(image: Image) -> None:
    """Delete an image and tell its topic; what its events said goes after commit, and its files
    when no other image has the same bytes."""
    id, job, topic = str(image.pk), str(image.job), image.topic
    with transaction.atomic():
        topics.publish(topic, "image.deleted", {"id": id})
        image.delete()
        store.release(image.content_id)
        transaction.on_commit(lambda: _forget(topic, id, job), robust=True)


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
