from __future__ import annotations

import secrets
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.text import slugify

from channels_celery import topics
from channels_celery.errors import ChannelsCeleryError
from realtime.pace import Pace, told

from .models import NAME_LENGTH, Room
from .topics import ROOMS

#: The list shows those in which somebody wrote last; older ones keep their address.
SHOWN = 100
PACE = Pace("rooms", times=60, seconds=3600)


class NotOpened(ChannelsCeleryError):
    """A room was not opened; the text is for people.

    `wait` is after how many seconds it can be; 0 when the name is what is wrong.
    """

    def __init__(self, text: str, wait: int = 0) -> None:
        super().__init__(text)
        self.wait = wait


def newest() -> list[Room]:
    """The rooms to choose from, the liveliest first."""
    return list(Room.objects.order_by("-active", "slug")[:SHOWN])


def open_room(name: str, opener: str) -> Room:
    """The room of this name; a new one is announced to everybody.

    Raises NotOpened for a bad name, or when the `opener` has opened too many.
    """
    name = " ".join(name.split())
    if not name:
        raise NotOpened("Write a name for the room.")
    if len(name) > NAME_LENGTH:
        raise NotOpened(f"A room's name is at most {NAME_LENGTH} characters long.")
    # Of a name without Latin letters no readable address can be made.
    slug = slugify(name) or _slug_of(name) or f"room-{secrets.token_hex(4)}"
    if room := Room.objects.filter(pk=slug).first():
        return room
    if wait := PACE.take(opener):
        raise NotOpened(f"Too many new rooms at once. Open the next one in {told(wait)}.", wait)
    with transaction.atomic():
        room, new = Room.objects.get_or_create(slug=slug, defaults={"name": name})
        if new:
            topics.publish(ROOMS, "room.opened", describe_room(room))
    return room


def describe_room(room: Room) -> dict[str, Any]:
    """A room as an entry of the list."""
    url = reverse("chat:room", args=[room.slug])
    return {"room": room.slug, "name": room.name, "number": room.last, "url": url}


def _slug_of(name: str) -> str | None:
    return Room.objects.filter(name=name).values_list("slug", flat=True).first()
