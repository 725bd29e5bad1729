from __future__ import annotations

import asyncio
import threading

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import transaction

from channels_celery import topics, writer
from channels_celery.errors import BadMessage
from channels_celery.topics.events import Event
from tests.integration.topics.publishers import is_whole, rolled_back, sequence


async def publish_twice() -> list[int | None]:
    first = await topics.apublish("chat.a", "message", 1)
    second = await asyncio.create_task(topics.apublish("chat.a", "message", 2))
    return [first.seq, second.seq]


def test_async_to_sync_commits_with_the_callers_transaction(
    database: str, rung: list[Event]
) -> None:
    with transaction.atomic(using=database):
        topics.publish("chat.a", "message", 0)
        assert async_to_sync(publish_twice)() == [None, None]
        assert rung == []
    assert [(event.seq, event.value) for event in rung] == [(1, 0), (2, 1), (3, 2)]


def test_async_to_sync_is_rolled_back_with_the_callers_transaction(
    database: str, rung: list[Event]
) -> None:
    with rolled_back(database):
        topics.publish("chat.a", "message", 0)
        async_to_sync(publish_twice)()
    assert rung == []
    assert sequence(database, "chat.a") == []


def test_async_to_sync_outside_a_transaction_commits_by_itself(
    database: str, rung: list[Event]
) -> None:
    assert async_to_sync(publish_twice)() == [1, 2]
    assert len(rung) == 2


def test_a_sync_view_below_an_async_server_joins_as_well(database: str, rung: list[Event]) -> None:
    def view() -> None:
        with transaction.atomic(using=database):
            assert async_to_sync(publish_twice)() == [None, None]
            assert rung == []

    async def server() -> None:
        await sync_to_async(view)()

    async_to_sync(server)()
    assert [event.seq for event in rung] == [1, 2]


def test_native_async_senders_share_commits_and_leave_no_hole(
    database: str, rung: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    run = writer._run

    def counted(batch: list[writer._Entry]) -> list[Event]:
        batches.append(len(batch))
        return run(batch)

    monkeypatch.setattr(writer, "_run", counted)

    async def everybody() -> list[Event]:
        return await asyncio.gather(
            *(topics.apublish(f"chat.{'abc'[n % 3]}", "message", n) for n in range(200))
        )

    events = asyncio.run(everybody())
    assert all(event.seq for event in events)
    assert all(is_whole(database, f"chat.{name}") for name in "abc")
    assert len(rung) == 200
    assert sum(batches) == 200
    assert max(batches) <= writer.BATCH
    assert len(batches) < 50


def test_a_bad_row_harms_no_neighbour(database: str, rung: list[Event]) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def hold(session: object) -> None:
        # What comes now waits for this one and is one batch.
        entered.set()
        assert go_on.wait(10)

    def fail(session: object) -> None:
        raise LookupError("bad row")

    async def scenario() -> list[Event | BaseException | None]:
        held = asyncio.create_task(writer.write("a", hold))
        await asyncio.to_thread(entered.wait, 10)
        rest = [
            asyncio.create_task(topics.apublish("chat.a", "message", 1)),
            asyncio.create_task(writer.write("chat.b", fail)),
            asyncio.create_task(topics.apublish("chat.c", "message", 2)),
        ]
        await asyncio.sleep(0)
        go_on.set()
        return await asyncio.gather(held, *rest, return_exceptions=True)

    _, one, bad, two = asyncio.run(scenario())
    assert isinstance(bad, LookupError)
    assert isinstance(one, Event)
    assert isinstance(two, Event)
    assert sequence(database, "chat.a") == sequence(database, "chat.c") == [1]
    assert len(rung) == 2, "what was rolled back is not announced"


def test_a_bad_event_is_refused_before_it_reaches_the_writer(database: str) -> None:
    with pytest.raises(BadMessage):
        asyncio.run(topics.apublish("chat.a", "message", {1: 2}))


def test_a_cancelled_sender_leaves_the_writer_working(database: str, rung: list[Event]) -> None:
    async def scenario() -> Event:
        task = asyncio.create_task(topics.apublish("chat.a", "message", 1))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return await topics.apublish("chat.b", "message", 2)

    assert asyncio.run(scenario()).seq == 1
    assert is_whole(database, "chat.b")
