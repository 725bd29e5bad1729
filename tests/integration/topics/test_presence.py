"""Who is present: many sockets and hubs, on both databases, through reloads and kills."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from channels_celery import database as ours
from channels_celery.topics import pool, presence, roll
from channels_celery.topics.access import Access
from channels_celery.topics.models import Hub, Member
from channels_celery.topics.presence import Presence

from .attendance import Clock, come, listed, older, rows

pytestmark = pytest.mark.usefixtures("pool_closed")


async def test_many_tabs_are_one_member_and_a_reload_is_no_leave(
    clock: Clock, told: list[Any]
) -> None:
    hub = Presence()
    first, second = come(hub, "u1", "u1")
    come(hub, "u2")
    assert await listed(hub) == (["u1", "u2"], 2)
    assert told == [("presence.join", ["u1", "u2"], 2)]
    hub.drop(first)
    clock.now += 20
    assert await listed(hub) == (["u1", "u2"], 2)
    hub.drop(second)
    clock.now += 14
    come(hub, "u1")
    clock.now += 20
    assert await listed(hub) == (["u1", "u2"], 2)
    assert len(told) == 1


async def test_a_list_names_who_came_first_and_counts_all(
    clock: Clock, told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert roll.LISTED == 500
    monkeypatch.setattr(roll, "LISTED", 2)
    hub = Presence()
    for visitor in ("u3", "u2", "u1"):
        come(hub, visitor)
        await hub.settle()
    assert await listed(hub) == (["u3", "u2"], 3)


async def test_who_stays_away_has_left_after_the_grace(
    clock: Clock, told: list[Any], database: str
) -> None:
    hub = Presence()
    (ann, _) = come(hub, "u1", "u2")
    await hub.settle()
    hub.drop(ann)
    assert hub._pause() == pytest.approx(presence.BEAT_SECONDS)
    clock.now += 15.1
    assert hub._pause() == 0.0
    assert await listed(hub) == (["u2"], 1)
    assert told[1:] == [("presence.leave", ["u1"], 1)]
    # Its row is kept until that was told.
    await hub.settle()
    assert await rows(database) == 1


async def test_only_whom_the_rule_lets_and_who_is_somebody_is_a_member(
    clock: Clock, told: list[Any]
) -> None:
    hub = Presence()
    come(hub, None)
    come(hub, "u1", access=Access(read=True))
    (ann,) = come(hub, "u2")
    assert await listed(hub) == (["u2"], 1)
    ann.access = Access(read=True)
    hub.place(ann)
    clock.now += 16
    assert await listed(hub) == ([], 0)


async def test_a_visitor_on_two_hubs_is_one_member(clock: Clock, told: list[Any]) -> None:
    here, there = Presence(), Presence()
    (one,) = come(here, "u1")
    await here.settle()
    come(there, "u1", "u2")
    await there.settle()
    assert told == [("presence.join", ["u1"], 1), ("presence.join", ["u2"], 2)]
    here.drop(one)
    clock.now += 16
    assert await listed(here) == (["u1", "u2"], 2)
    assert len(told) == 2


async def test_the_members_of_a_killed_process_leave(
    clock: Clock, told: list[Any], database: str
) -> None:
    killed, left = Presence(), Presence()
    come(killed, "u1", "u3")
    await killed.settle()
    come(left, "u2", "u3")
    await left.settle()
    await older(database, killed, 20_000)
    # Who is dead is not listed, though nobody has removed it yet.
    assert await listed(left) == (["u2", "u3"], 2)
    told.clear()
    for _ in range(4):
        clock.now += presence.BEAT_SECONDS
        await left.settle()
    assert told == [("presence.leave", ["u1"], 2)]
    assert await rows(database) == 2


async def test_who_could_not_beat_itself_judges_nobody(
    clock: Clock, told: list[Any], database: str
) -> None:
    """After the database was away, the first that is back does not bury all the others."""
    first, second = Presence(), Presence()
    for hub, visitor in ((first, "u1"), (second, "u2")):
        come(hub, visitor)
        await hub.settle()
    for _ in range(4):
        clock.now += presence.BEAT_SECONDS
        await first.settle()
        await second.settle()
    told.clear()
    for hub in (first, second):
        await older(database, hub, 60_000)
    clock.now += 60
    await first.settle()
    clock.now += 1
    await first.settle()
    await second.settle()
    assert await listed(first) == (["u1", "u2"], 2)
    assert told == []


async def test_who_was_taken_for_dead_comes_back(
    clock: Clock, told: list[Any], database: str
) -> None:
    hub = Presence()
    come(hub, "u1")
    await hub.settle()
    await pool.run(Hub.objects.using(database).all().delete)
    await pool.run(Member.objects.using(database).all().delete)
    clock.now += presence.BEAT_SECONDS
    await hub.settle()
    assert await listed(hub) == (["u1"], 1)
    assert [kind for kind, _, _ in told] == ["presence.join"] * 2


async def test_a_storm_is_a_few_statements_and_a_few_events(
    clock: Clock, told: list[Any], database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    kept = ours.Own.rows

    def rows(self: Any, sql: str, params: Any) -> Any:
        statements.append(sql)
        return kept(self, sql, params)

    monkeypatch.setattr(ours.Own, "rows", rows)
    hub = Presence()
    tabs = come(hub, *[f"g{number}" for number in range(500)])
    await hub.settle()
    assert len(statements) <= 6
    assert len(told) == 500 / presence.NAMED
    assert sum(len(who) for _, who, _ in told) == 500
    statements.clear()
    for one in tabs:
        hub.drop(one)
    clock.now += 16
    await hub.settle()
    assert len(statements) <= 6
    assert await listed(hub) == ([], 0)


async def test_who_comes_and_goes_while_it_is_written_ends_right(
    clock: Clock, told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Presence()
    (ann,) = come(hub, "u1")
    writing = asyncio.ensure_future(hub.settle())
    await asyncio.sleep(0)
    hub.drop(ann)
    await writing
    clock.now += 16
    leaving = asyncio.ensure_future(hub.settle())
    await asyncio.sleep(0)
    come(hub, "u1")
    await leaving
    assert await listed(hub) == (["u1"], 1)
