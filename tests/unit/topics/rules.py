"""A double of what a hub asks the database about people: who they are and what they may do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import AnonymousUser

from channels_celery.errors import DatabaseAway
from channels_celery.topics import sessions
from channels_celery.topics.access import Access, Refused, Visitor
from channels_celery.topics.events import Position
from channels_celery.topics.log import Appended
from channels_celery.topics.protocol import Publish
from channels_celery.topics.reading import Page
from channels_celery.topics.source import Asking, Top
from channels_celery.topics.standing import Asked, Found, Standing
from channels_celery.topics.subscriber import Subscriber

READ = Access(read=True, publish=("message",), whisper=("typing",))
NOTHING = Access()


class Rules:
    """A Source whose logs are empty: who a cookie is, and what each visitor may do."""

    trusted = True

    def __init__(self) -> None:
        self.people: dict[str, str | Refused] = {"ann-key": "u1", "bob-key": "u2"}
        self.granted: dict[tuple[str | None, str], Access] = {}
        self.open_gate = asyncio.Event()
        self.open_gate.set()
        self.joins = asyncio.Event()
        self.joins.set()
        self.greets = asyncio.Event()
        self.greets.set()
        self.away = False
        self.asked: list[str | None] = []
        self.published_by: list[str | None] = []

    def of(self, scope: Mapping[str, Any]) -> Visitor:
        who = self.people.get(sessions.key_of(scope) or "")
        if isinstance(who, Refused):
            raise who
        return Visitor(user=AnonymousUser(), id=who, name=who or "")

    def may(self, visitor: Visitor, topic: str) -> Access:
        public = READ if topic.startswith("open.") else NOTHING
        return self.granted.get((visitor.id, topic), READ if visitor.id == "u1" else public)

    async def visitor(self, scope: Mapping[str, Any]) -> Visitor:
        found = self.of(scope)
        await self.greets.wait()
        return found

    async def standings(self, asked: Sequence[Asked]) -> list[Found]:
        await asyncio.sleep(0)
        await self.open_gate.wait()
        if self.away:
            raise DatabaseAway
        return [self._standing(one) for one in asked]

    def _standing(self, asked: Asked) -> Found:
        try:
            visitor = self.of(asked.scope)
        except Refused as refused:
            return refused
        self.asked.append(visitor.id)
        return Standing(visitor, {name: self.may(visitor, name) for name in asked.topics})

    async def first(
        self, visitor: Visitor, topic: str, since: Position | None
    ) -> tuple[Access, Page | None]:
        access = self.may(visitor, topic)
        await self.joins.wait()
        top = Position(epoch="", seq=0)
        page = Page(topic=topic, since=0, top=top, trimmed_to=0, reason=None, events=())
        return access, page if access.read else None

    async def page(
        self, topic: str, since: Position, asking: Sequence[Asking]
    ) -> tuple[Page, set[Subscriber]]:
        raise NotImplementedError

    async def access(self, visitor: Visitor, topic: str) -> Access:
        return self.may(visitor, topic)

    async def publish(self, visitor: Visitor, request: Publish) -> Appended:
        self.published_by.append(visitor.id)
        raise Refused("denied", "No.")

    async def tops(self, asked: Mapping[str, int]) -> dict[str, Top]:
        return {}

    def sweep_began(self) -> int:
        return 0

    def sweep_ended(self, mark: int) -> None:
        pass
