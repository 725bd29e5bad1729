"""Who is at new sockets is asked for many at once, and answered to each alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from channels_celery.errors import DatabaseAway
from channels_celery.topics.access import Refused, Visitor
from channels_celery.topics.greeting import TOGETHER, Answer, Greetings, Scope

from .readers import settle


class Door:
    """Answers who it is by the scope's own word; waits while it is shut."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.open = asyncio.Event()
        self.away = False

    async def ask(self, scopes: Sequence[Scope]) -> list[Answer]:
        self.asked.append(len(scopes))
        await self.open.wait()
        if self.away:
            raise DatabaseAway
        if any(scope["who"] == "poison" for scope in scopes):
            raise ValueError("does not fit")
        return [self._one(scope["who"]) for scope in scopes]

    def _one(self, who: str) -> Answer:
        if who == "wrong":
            return Refused("credentials", "No.")
        return Visitor(user=AnonymousUser(), id=who, name=who)


async def greeted(door: Door, *who: str) -> list[Any]:
    """The first comes alone, the others while it is asked about."""
    greetings = Greetings(door.ask)
    asking = []
    for one in who:
        asking.append(asyncio.ensure_future(greetings.visitor({"who": one})))
        await settle(3)
    door.open.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    return [one.id if isinstance(one, Visitor) else type(one) for one in found]


async def test_the_first_is_asked_at_once_and_the_others_together() -> None:
    door = Door()
    who = [f"g{number}" for number in range(TOGETHER + 11)]
    assert await greeted(door, *who) == who
    assert door.asked == [1, TOGETHER, 10]


async def test_each_gets_its_own_answer() -> None:
    assert await greeted(Door(), "a", "wrong", "b") == ["a", Refused, "b"]


async def test_what_one_came_with_harms_no_other() -> None:
    door = Door()
    assert await greeted(door, "a", "b", "poison", "c") == ["a", "b", ValueError, "c"]
    assert door.asked == [1, 3, 1, 1, 1]


async def test_without_the_database_all_are_told() -> None:
    door = Door()
    door.away = True
    assert await greeted(door, "a", "b", "c") == [DatabaseAway] * 3
    assert door.asked == [1, 2]


async def test_a_socket_that_has_gone_is_not_waited_for() -> None:
    door = Door()
    greetings = Greetings(door.ask)
    gone = asyncio.ensure_future(greetings.visitor({"who": "a"}))
    stays = asyncio.ensure_future(greetings.visitor({"who": "b"}))
    await settle(3)
    gone.cancel()
    door.open.set()
    assert (await stays).id == "b"
    with pytest.raises(asyncio.CancelledError):
        await gone
