"""A message as the page, its history and its events show it."""

from __future__ import annotations

from typing import Any

from .models import Message


def describe(message: Message) -> dict[str, Any]:
    """What an event carries; its author is in the event's own `by`."""
    return {
        "id": str(message.pk),
        "number": message.number,
        "text": message.text,
        "sent": round(message.sent.timestamp() * 1000),
        "version": message.version,
        "edited": message.edited is not None,
        "deleted": message.deleted is not None,
    }


def describe_by(message: Message) -> dict[str, Any]:
    """The same with its author, as history has it."""
    return {**describe(message), "by": {"id": message.author, "name": message.author_name}}
