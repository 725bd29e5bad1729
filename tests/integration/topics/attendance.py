"""Hubs with people on them, driven by hand: what tests of presence share."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast

from django.contrib.auth.models import AnonymousUser

from channels_celery.topics import Visitor, frames, pool
from channels_celery.topics.access import Access
from channels_celery.topics.models import Hub, Member
from channels_celery.topics.presence import Presence
from channels_celery.topics.subscriber import Subscriber

ROOM = "chat.lobby"
HERE = Access(read=True, presence=True)


class Clock:
    """A loop's time, moved by hand; the database's own goes on."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def tab(visitor: str | None, topic: str = ROOM, access: Access = HERE) -> Subscriber:
    """A subscriber, as far as presence looks at one."""
    # Of a project's own users: what no column takes.
    name = f"Guest {visitor}\0".ljust(300, ".")
    who = Visitor(user=AnonymousUser(), id=visitor, name=name)
    connection = SimpleNamespace(visitor=who)
    feed = SimpleNamespace(topic=topic)
    made = Subscriber(cast("Any", feed), cast("Any", connection))
    made.access = access
    return made


def come(hub: Presence, *visitors: str | None, **more: Any) -> list[Subscriber]:
    tabs = [tab(visitor, **more) for visitor in visitors]
    for one in tabs:
        hub.place(one)
    return tabs


async def listed(hub: Presence, topic: str = ROOM) -> tuple[list[str], int]:
    asking = asyncio.ensure_future(hub.members(topic))
    await asyncio.sleep(0)
    await hub.settle()
    found = await asking
    frame = json.loads(frames.presence(7, topic, found))
    assert (frame["op"], frame["id"], frame["topic"]) == ("presence", 7, topic)
    return [member["id"] for member in frame["members"]], frame["n"]


async def older(database: str, hub: Presence, milliseconds: int) -> None:
    """This hub has not beaten for so long."""

    def move() -> None:
        for row in Hub.objects.using(database).filter(id=hub.id):
            Hub.objects.using(database).filter(id=hub.id).update(beat=row.beat - milliseconds)

    await pool.run(move)


async def rows(database: str) -> int:
    return await pool.run(Member.objects.using(database).count)
