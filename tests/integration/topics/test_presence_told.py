"""Who left is told of, whatever dies or fails between the leave and its telling."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.db import OperationalError

from channels_celery.errors import DatabaseAway
from channels_celery.topics import presence, roll
from channels_celery.topics.presence import Presence

from .attendance import ROOM, Clock, come, listed, older, rows

pytestmark = pytest.mark.usefixtures("pool_closed")

Settle = Callable[[Presence], Awaitable[None]]


async def test_without_its_database_nobody_is_forgotten(
    clock: Clock, told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "PAUSE_SECONDS", 0.0)
    hub = Presence()
    come(hub, "u1")
    asking = asyncio.ensure_future(hub.members(ROOM))
    await asyncio.sleep(0)
    with monkeypatch.context() as away:
        away.setattr(presence, "_settle", _fail)
        await hub.settle()
    with pytest.raises(DatabaseAway):
        await asking
    assert await listed(hub) == (["u1"], 1)


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> Settle:
    """Settle while the database fails after a leave was written, before anybody was looked for."""
    monkeypatch.setattr(presence, "PAUSE_SECONDS", 0.0)

    async def settle(hub: Presence) -> None:
        with monkeypatch.context() as away:
            away.setattr(roll, "absent", _fail)
            await hub.settle()

    return settle


async def test_a_leave_is_told_though_the_database_failed_once_it_was_written(
    clock: Clock, told: list[Any], database: str, breaking: Settle
) -> None:
    hub = Presence()
    ann, bob = come(hub, "u1", "u2")
    await hub.settle()
    for one in (ann, bob):
        hub.drop(one)
    clock.now += 16
    told.clear()
    await breaking(hub)
    assert told == []
    # Who is back by then has not left, though it was written.
    come(hub, "u2")
    await hub.settle()
    assert ("presence.leave", ["u1"], 1) in told
    assert await listed(hub) == (["u2"], 1)


async def test_the_dead_are_told_of_though_the_database_failed_once_they_were_buried(
    clock: Clock, told: list[Any], database: str, breaking: Settle
) -> None:
    killed, left = Presence(), Presence()
    for hub, visitor in ((killed, "u1"), (left, "u2")):
        come(hub, visitor)
        await hub.settle()
    for _ in range(3):
        clock.now += presence.BEAT_SECONDS
        await left.settle()
    await older(database, killed, 20_000)
    told.clear()
    clock.now += presence.BEAT_SECONDS
    await breaking(left)
    assert told == []
    await left.settle()
    assert told == [("presence.leave", ["u1"], 1)]
    await left.settle()
    assert (await rows(database), len(told)) == (1, 1)


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Settle:
    """Settle, and die when all is written and nothing told."""

    async def settle(hub: Presence) -> None:
        with monkeypatch.context() as dead:
            dead.setattr(presence, "_tell", lambda *args: None)
            await hub.settle()

    return settle


async def attending(clock: Clock, *visitors: str) -> list[Presence]:
    """A hub for each, all old enough to judge others."""
    hubs = [Presence() for _ in visitors]
    for hub, visitor in zip(hubs, visitors, strict=True):
        come(hub, visitor)
    for _ in range(5):
        for hub in hubs:
            await hub.settle()
        clock.now += presence.BEAT_SECONDS
    return hubs


async def test_a_leave_is_told_though_its_hub_is_killed_once_it_was_written(
    clock: Clock, told: list[Any], database: str, dying: Settle
) -> None:
    killed, left = await attending(clock, "u1", "u2")
    (ann,) = come(killed, "u3")
    await killed.settle()
    killed.drop(ann)
    for _ in range(4):
        clock.now += presence.BEAT_SECONDS
        await left.settle()
    told.clear()
    await dying(killed)
    assert await listed(left) == (["u1", "u2"], 2)
    assert told == []
    await older(database, killed, 20_000)
    clock.now += presence.BEAT_SECONDS
    await left.settle()
    assert [(kind, sorted(who), n) for kind, who, n in told] == [
        ("presence.leave", ["u1", "u3"], 1)
    ]
    await left.settle()
    assert await rows(database) == 1


async def test_the_dead_are_told_of_though_the_hub_that_buried_them_is_killed(
    clock: Clock, told: list[Any], database: str, dying: Settle
) -> None:
    first, second, left = await attending(clock, "u1", "u2", "u3")
    told.clear()
    await older(database, first, 20_000)
    await dying(second)
    assert told == []
    await older(database, second, 20_000)
    await left.settle()
    assert [(kind, sorted(who), n) for kind, who, n in told] == [
        ("presence.leave", ["u1", "u2"], 1)
    ]
    await left.settle()
    assert await rows(database) == 1


async def test_who_is_back_before_the_leave_was_forgotten_is_present(
    clock: Clock, told: list[Any], database: str
) -> None:
    hub = Presence()
    (ann, _) = come(hub, "u1", "u2")
    await hub.settle()
    hub.drop(ann)
    clock.now += 16
    await hub.settle()
    come(hub, "u1")
    assert await listed(hub) == (["u2", "u1"], 2)
    assert [kind for kind, _, _ in told] == ["presence.join", "presence.leave", "presence.join"]
    await hub.settle()
    assert await rows(database) == 2


def _fail(*args: Any) -> None:
    raise OperationalError("gone")
