"""A room as its visitors' sockets reach it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from channels_celery import topics
from channels_celery.topics import Visitor
from channels_celery.topics.access import access_of
from channels_celery.topics.log import Appended
from channels_celery.topics.publishing import publish_from


@dataclass(frozen=True)
class Conversation:
    """What goes through a room's topic."""

    room: str

    @property
    def topic(self) -> str:
        return f"chat.{self.room}"

    def publish(
        self, visitor: Visitor, type: str, data: Any, *, mid: str | None = None
    ) -> Appended:
        access = access_of(visitor, self.topic)
        return publish_from(visitor, access, self.topic, mid or str(uuid4()), type, data)

    def say(self, visitor: Visitor, text: str) -> dict[str, Any]:
        """Write a message; its data as everybody gets it."""
        said = self.publish(visitor, "message", {"id": str(uuid4()), "text": text})
        data: dict[str, Any] = said.event.value
        return data

    def edit(self, visitor: Visitor, message: dict[str, Any], text: str) -> None:
        self.publish(visitor, "message.edited", {"id": message["id"], "text": text})

    def delete(self, visitor: Visitor, message: dict[str, Any]) -> None:
        self.publish(visitor, "message.deleted", {"id": message["id"]})

    def log(self) -> list[tuple[str, Any]]:
        """Type and data of each event, as somebody gets them who comes now."""
        return [(event.type, event.value) for event in topics.read(self.topic).events]

    def authors(self) -> list[Any]:
        return [json.loads(event.by) for event in topics.read(self.topic).events]
