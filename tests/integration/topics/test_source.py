"""The hub's database work, in its own threads, on both databases."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.db import DataError, OperationalError, connections

from channels_celery import topics
from channels_celery.errors import DatabaseAway
from channels_celery.topics import access, greeting, pool
from channels_celery.topics import source as source_module
from channels_celery.topics.access import Access, Visitor
from channels_celery.topics.models import Event
from channels_celery.topics.protocol import Publish
from channels_celery.topics.source import Database

TOPIC = "sourced.a"
VISITOR = Visitor(user=AnonymousUser(), id="g1", name="Guest")
seen: list[str] = []


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_rules", {})
    seen.clear()

    @topics.rule("sourced.<slug:name>")
    def granted(visitor: Visitor, name: str) -> Access:
        seen.append(threading.current_thread().name)
        if name == "away":
            raise OperationalError("gone")
        return Access(read=name != "secret", publish=("message",))


@pytest.fixture
def source(database: str) -> Iterator[Database]:
    yield Database()
    pool.close()


def publish(number: int, topic: str = TOPIC) -> list[str]:
    return [topics.publish(topic, "message", n).mid for n in range(number)]


async def in_thread(job: Any, *args: Any) -> Any:
    return await asyncio.to_thread(job, *args)


async def test_the_first_page_comes_with_the_rights(source: Database) -> None:
    mids = await in_thread(publish, 2)
    granted, page = await source.first(VISITOR, TOPIC, None)
    assert granted.read
    assert page is not None
    assert [event.mid for event in page.events] == mids
    assert all(name.startswith(pool.NAME) for name in seen)


async def test_who_may_not_read_gets_no_page(source: Database) -> None:
    await in_thread(publish, 1, "sourced.secret")
    assert await source.first(VISITOR, "sourced.secret", None) == (
        Access(publish=("message",)),
        None,
    )


async def test_tops_come_with_the_event_that_was_asked_for(source: Database) -> None:
    mids = await in_thread(publish, 3)
    other = await in_thread(publish, 1, "sourced.b")
    asked = {TOPIC: 2, "sourced.b": 1, "sourced.none": 0, "sourced.c": 7}
    found = await source.tops(asked)
    assert {topic: (top.seq, top.mid) for topic, top in found.items()} == {
        TOPIC: (3, mids[1]),
        "sourced.b": (1, other[0]),
    }
    assert all(top.epoch for top in found.values())


async def test_a_full_slice_of_topics_is_one_question(source: Database) -> None:
    await in_thread(publish, 1)
    asked = {f"sourced.t{number}": number for number in range(499)}
    found = await source.tops({**asked, TOPIC: 1})
    assert list(found) == [TOPIC]


async def test_what_a_reader_may_no_longer_see_is_not_served(source: Database) -> None:
    await in_thread(publish, 2, "sourced.secret")
    subscriber: Any = object()
    other: Any = object()
    start = (await in_thread(topics.read, "sourced.secret")).top
    page, denied = await source.page(
        "sourced.secret", start, [(subscriber, VISITOR, 2), (other, VISITOR, 99)]
    )
    assert page.events == ()
    assert denied == {subscriber}


async def test_a_visitor_s_event_is_stored_and_found(source: Database, database: str) -> None:
    appended = await source.publish(VISITOR, Publish(1, TOPIC, "m1", "message", {"a": 1}))
    again = await source.publish(VISITOR, Publish(1, TOPIC, "m1", "message", {"a": 1}))
    assert (appended.event.seq, appended.duplicate) == (1, False)
    assert (again.event.seq, again.duplicate) == (1, True)
    assert await pool.run(Event.objects.using(database).filter(topic=TOPIC).count) == 1


async def test_after_a_failure_a_source_is_trusted_once_a_sweep_went_through(
    source: Database,
) -> None:
    assert source.trusted
    early = source.sweep_began()
    with pytest.raises(DatabaseAway):
        await source.access(VISITOR, "sourced.away")
    assert not source.trusted
    source.sweep_ended(early)
    assert not source.trusted
    source.sweep_ended(source.sweep_began())
    assert source.trusted


async def test_the_pool_keeps_its_connections(source: Database, database: str) -> None:
    def connection() -> int:
        Session.objects.using(database).count()
        return id(connections[database].connection)

    barrier = threading.Barrier(pool.THREADS)

    def each() -> tuple[str, int]:
        barrier.wait(10)
        return threading.current_thread().name, connection()

    rounds = [
        dict(await asyncio.gather(*[pool.run(each) for _ in range(pool.THREADS)])) for _ in range(2)
    ]
    assert len(rounds[0]) == pool.THREADS
    assert rounds[0] == rounds[1]


async def test_a_statement_that_waits_does_not_hold_a_thread_for_ever(
    source: Database, database: str
) -> None:
    ask, bound = {
        "postgresql": ("SHOW statement_timeout", "5s"),
        "sqlite": ("PRAGMA busy_timeout", "20000"),
    }[connections[database].vendor]

    def asked() -> str:
        with connections[database].cursor() as cursor:
            cursor.execute(ask)
            return str(cursor.fetchone()[0])

    assert await pool.run(asked) == bound


@pytest.mark.django_db(transaction=True, databases=["postgresql"])
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_what_a_pooler_lends_to_all_is_left_as_it_is(
    source: Database, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pooled = connections[database].settings_dict
    monkeypatch.setitem(pooled, "DISABLE_SERVER_SIDE_CURSORS", True)

    def asked() -> str:
        with connections[database].cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            return str(cursor.fetchone()[0])

    assert await pool.run(asked) == "0"


async def test_data_that_does_not_fit_says_nothing_of_the_database(
    source: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: Any) -> Any:
        raise DataError("text fields cannot contain NUL (0x00) bytes")

    monkeypatch.setattr(greeting, "visitor_of_scope", refuse)
    with pytest.raises(DataError):
        await source.visitor({})
    monkeypatch.setattr(source_module, "_read", refuse)
    with pytest.raises(DataError):
        await source.first(VISITOR, TOPIC, None)
    assert source.trusted
