"""What visitors write, change and take back: the room's table and its topic, both or neither."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from channels_celery import topics
from channels_celery.topics import Refused, Visitor
from realtime.pace import Pace, told

from .describe import describe
from .forgetting import forget
from .models import TEXT_LENGTH, Message, Room
from .topics import ROOMS, topic_of

#: More than anybody writes who also reads, and enough for what was written offline.
PACE = Pace("messages", times=60, seconds=60)


def accept(room: str, visitor: Visitor, type: str, data: Any) -> dict[str, Any]:
    """Write what a visitor sends into the room's table; the event's data as everybody gets it."""
    if not isinstance(data, dict):
        raise Refused("bad_request", "Expected an object with the message's id.")
    if wait := PACE.take(visitor.id or ""):
        raise Refused("too_many", f"too much at once. Try again in {told(wait)}.")
    return describe(TYPES[type](room, visitor, data))


def _write(room: str, visitor: Visitor, data: dict[str, Any]) -> Message:
    """A new message, at the room's end; the same one again is the one that is there."""
    key, text = _id(data), _text(data)
    # The lock makes numbers and the topic's events ascend together, and ends with the commit.
    locked = Room.objects.select_for_update().filter(pk=room).first()
    if locked is None:
        raise Refused("gone", "This room does not exist any more.")
    if Message.objects.filter(pk=key).exists():
        return _own(room, visitor, data)
    locked.last += 1
    locked.active = timezone.now()
    locked.save(update_fields=["last", "active"])
    tell = partial(topics.whisper, ROOMS, "room.active", {"room": room, "number": locked.last})
    transaction.on_commit(tell, using=locked._state.db, robust=True)
    return Message.objects.create(
        pk=key,
        room=locked,
        number=locked.last,
        author=visitor.id or "",
        author_name=visitor.name,
        text=text,
        sent=locked.active,
        after=_top(room),
    )


def _edit(room: str, visitor: Visitor, data: dict[str, Any]) -> Message:
    message = _own(room, visitor, data)
    message.edited = timezone.now()
    return _replace(message, _text(data))


def _delete(room: str, visitor: Visitor, data: dict[str, Any]) -> Message:
    message = _own(room, visitor, data)
    message.deleted = timezone.now()
    return _replace(message, "")


def _replace(message: Message, text: str) -> Message:
    """Another text: the one before is nowhere any more."""
    forget(message)
    message.text = text
    message.version += 1
    message.after = _top(message.room_id)
    message.save()
    return message


def _own(room: str, visitor: Visitor, data: dict[str, Any]) -> Message:
    message = Message.objects.select_for_update().filter(pk=_id(data), room=room).first()
    if message is None or message.deleted:
        raise Refused("gone", "This message does not exist any more.")
    if message.author != visitor.id:
        raise Refused("denied", "This message is somebody else's.")
    return message


def _top(room: str) -> int:
    return topics.position(topic_of(room)).seq


def _id(data: dict[str, Any]) -> UUID:
    try:
        return UUID(data["id"])
    except (KeyError, ValueError, AttributeError, TypeError):
        raise Refused("bad_request", "Expected the message's id, a UUID.") from None


def _text(data: dict[str, Any]) -> str:
    text = data.get("text")
    if not isinstance(text, str) or not text.strip():
        raise Refused("bad_request", "A message needs some text.")
    text = text.replace("\r\n", "\n").strip()
    if len(text) > TEXT_LENGTH:
        raise Refused("too_large", f"A message is at most {TEXT_LENGTH:,} characters long.")
    return text


#: The types that a visitor may publish, and what becomes of each.
TYPES: dict[str, Callable[[str, Visitor, dict[str, Any]], Message]] = {
    "message": _write,
    "message.edited": _edit,
    "message.deleted": _delete,
}
