from __future__ import annotations

from functools import partial

from channels_celery import topics

from .models import Room

#: Where rooms are announced, to everybody.
ROOMS = "rooms"


def topic_of(room: str) -> str:
    """Where what is new in a room arrives."""
    return f"chat.{room}"


@topics.rule(ROOMS)
def all_rooms(visitor: topics.Visitor) -> bool:
    """Everybody may know which rooms there are."""
    return True


@topics.rule("chat.<slug:room>", keep=10_000, keep_hours=None)
def chat_room(visitor: topics.Visitor, room: str) -> topics.Access | bool:
    """Everybody may read and write in a room that exists, and see who is there."""
    from . import posting

    if not Room.objects.filter(pk=room).exists():
        return False
    return topics.Access(
        read=True,
        publish=tuple(posting.TYPES),
        whisper=("typing",),
        presence=True,
        accept=partial(posting.accept, room),
    )
