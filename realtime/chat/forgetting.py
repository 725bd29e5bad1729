from __future__ import annotations

from dataclasses import replace
from functools import partial

from django.db import transaction

from channels_celery import topics

from .models import Message
from .topics import topic_of

#: Events read at a time; the one to empty is nearly always among the first few.
PAGE = 100


def forget(message: Message) -> None:
    """Empty the event that carries the message's text: the topic must not repeat it to anybody."""
    redact = partial(
        _redact, topic_of(message.room_id), message.after, str(message.pk), message.version
    )
    if not redact():
        # One that has no `seq` yet, as its own commit is not over, gets it from a reader that is
        # in no transaction.
        transaction.on_commit(redact, using=message._state.db, robust=True)


def _redact(topic: str, after: int, message: str, version: int) -> bool:
    since = replace(topics.position(topic), seq=after, mid="")
    page = topics.read(topic, since, PAGE)
    if page.reason:
        # The log begins later than that.
        page = topics.read(topic, None, PAGE)
    while page.events:
        for event in page.events:
            since = replace(page.top, seq=event.seq or 0, mid=event.mid)
            if _version(event, message) == version:
                return topics.redact(topic, since.seq)
        page = topics.read(topic, since, PAGE)
    return False


def _version(event: topics.Event, message: str) -> int | None:
    """Which version of the message the event carries, if it does."""
    value = event.value
    if not event.type.startswith("message") or not value or value["id"] != message:
        return None
    version: int = value["version"]
    return version
