from __future__ import annotations

from dataclasses import replace
from functools import partial

from django.db import transaction

from channels_celery import topics

from .models import Message
from .topics import topic_of

#: Events read at a time; the one with the text is nearly always among the first few.
PAGE = 100


def forget(message: Message) -> None:
    """Empty the event that carries the message's text: the topic must not repeat it to anybody."""
    redact = partial(_redact, topic_of(message.room_id), message.after, str(message.pk))
    if not redact():
        # An event that a crash left without its `seq` gets it from a reader outside transactions.
        transaction.on_commit(redact, robust=True)


def _redact(topic: str, after: int, message: str) -> bool:
    since = replace(topics.position(topic), seq=after, mid="")
    page = topics.read(topic, since, PAGE)
    if page.reason:
        # The log begins later than that.
        page = topics.read(topic, None, PAGE)
    while page.events:
        for event in page.events:
            since = replace(page.top, seq=event.seq or 0, mid=event.mid)
            if _carries(event, message):
                return topics.redact(topic, since.seq)
        page = topics.read(topic, since, PAGE)
    return False


def _carries(event: topics.Event, message: str) -> bool:
    value = event.value
    return event.type.startswith("message") and bool(value) and value["id"] == message
