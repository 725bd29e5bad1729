"""Pages of a room's history, newest first asked for, oldest first shown."""

from __future__ import annotations

from dataclasses import dataclass

from .models import Message, Room

#: Messages on a page.
PAGE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Consecutive messages, oldest first, and whether there are older ones."""

    messages: list[Message]
    more: bool


def page(room: Room, before: int | None = None) -> Page:
    """The newest messages of a room, or those before a number."""
    found = Message.objects.filter(room=room).order_by("-number")
    if before is not None:
        found = found.filter(number__lt=before)
    messages = list(found[:PAGE])[::-1]
    return Page(messages, bool(messages) and messages[0].number > 1)
