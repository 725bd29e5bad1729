"""What a socket may ask for, its bounds and its ends: driven at the level of ASGI."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
import weakref
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from channels_celery import topics
from channels_celery.topics import connection as connection_module
from channels_celery.topics import hub, protocol
from channels_celery.topics.access import Access, Refused
from channels_celery.topics.hub import Hub
from channels_celery.topics.window import FIRST_BYTES

from .readers import TOPIC, Reader, settle
from .rules import Rules
from .scripted import until
from .worlds import OTHER, World, mids


async def test_the_first_frame_says_what_this_socket_may(world: World) -> None:
    reader = await world.reader()
    welcome = reader.frames[0]
    assert welcome.pop("sid")
    assert welcome == {
        "op": "welcome",
        "v": 1,
        "visitor": "g1",
        "ping_s": 15,
        "limits": {"frame": 65536, "topics": 128},
    }


@pytest.mark.parametrize(
    ("offered", "answered", "closed"),
    [
        ([], None, None),
        (["graphql-ws"], None, None),
        (["channels_celery.v2", "channels_celery.v1"], "channels_celery.v1", None),
        (["x", "channels_celery.v2"], "channels_celery.v2", 4503),
    ],
)
async def test_a_client_of_another_version_is_told_so(
    world: World, offered: list[str], answered: str | None, closed: int | None
) -> None:
    reader = Reader(scope={"subprotocols": offered}).connect()
    world.readers.append(reader)
    await settle()
    assert (reader.subprotocol, reader.closed) == (answered, closed)
    assert reader.frames[0]["op"] == ("bye" if closed else "welcome")


async def test_sixty_four_operations_may_wait_and_no_more(world: World) -> None:
    reader, other = await world.reader(), await world.reader()
    for number in range(protocol.OPERATIONS + 1):
        reader.tell(op="unsubscribe", id=number, topic="a")
    await settle(400)
    assert len(reader.said("ok")) == protocol.OPERATIONS + 1
    for number in range(protocol.OPERATIONS + 2):
        other.tell(op="unsubscribe", id=number, topic="a")
    await settle(400)
    assert (other.closed, other.said("bye")[0]["code"]) == (4006, 4006)


async def test_a_reader_that_does_not_read_its_answers_gets_no_more_of_them(world: World) -> None:
    reader = await world.reader()
    reader.asleep = True
    for _ in range(30):
        for number in range(40):
            reader.tell(op="nonsense", id=f"{number:0>99}", topic="a")
        await settle(100)
    assert reader.closed == 4006
    assert len(reader.said("error")) * 200 < 2 * FIRST_BYTES


async def test_what_waits_takes_no_more_memory_than_its_frames(world: World) -> None:
    reader = await world.reader()
    server = world.connection_of(reader)
    text = json.dumps({"op": "publish", "id": 1, "data": [[]] * 15_000})
    tracemalloc.start()
    try:
        for _ in range(16):
            # No copy of the frame is ours.
            server.take(text)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(server._operations) == 16
    # The first is at work, so it was read.
    assert kept < 2 * 16 * len(text)


async def test_an_idle_socket_does_not_keep_its_last_frame(world: World) -> None:
    class Message(dict[str, Any]):
        """One that tells when it is gone."""

    reader = await world.reader()
    message = Message(type="websocket.receive", text='{"op":"whisper"}')
    kept = weakref.ref(message)
    reader._inbox.put_nowait(message)
    del message
    await settle()
    assert len(reader.said("error")) == 1
    assert kept() is None


async def test_a_socket_follows_a_bounded_number_of_topics(world: World) -> None:
    reader = await world.reader()
    for number in range(protocol.TOPICS + 1):
        reader.tell(op="subscribe", id=number, topic=TOPIC if number else OTHER)
        await settle(8)
    assert reader.closed is None
    source: Any = world.logs
    for number in range(protocol.TOPICS):
        source.of[f"t.{number}"] = source.of[TOPIC]
        reader.tell(op="subscribe", id=number, topic=f"t.{number}")
        await settle(8)
    assert reader.closed == 4504


async def test_who_may_not_read_is_told_and_follows_nothing(world: World) -> None:
    world.logs.granted = Access()
    reader = await world.reader(TOPIC)
    error = reader.said("error")[0]
    assert (error["id"], error["code"], error["temporary"]) == (1, "denied", False)
    assert world.hub.feeds == {}


@pytest.mark.parametrize("name", ["chat.\ud800", "chat.\x00", "chat lobby", "a" * 151])
async def test_what_can_be_no_topic_is_refused_before_the_hub_follows_it(
    world: World, name: str
) -> None:
    reader = await world.reader()
    reader.tell(op="subscribe", id=1, topic=name)
    await settle(8)
    assert [error["code"] for error in reader.said("error")] == ["bad_request"]
    assert (reader.closed, world.hub.feeds) == (None, {})


async def test_without_its_database_a_request_may_be_sent_again(world: World) -> None:
    reader = await world.reader()
    world.logs.away = True
    reader.following[TOPIC] = Reader(TOPIC).following[TOPIC]
    reader.subscribe()
    await settle()
    error = reader.said("error")[0]
    assert (error["code"], error["temporary"]) == ("unavailable", True)
    world.logs.away = False
    world.publish()
    reader.subscribe()
    await settle()
    assert mids(reader) == world.logs.of[TOPIC].mids


async def test_without_its_database_nobody_can_be_greeted(world: World) -> None:
    world.logs.away = True
    reader = await world.reader()
    assert reader.closed == 4002
    assert reader.said("bye")[0]["retry_ms"] >= 0


async def test_what_is_refused_is_told_in_the_words_of_the_refusal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(visitor: Any, request: Any) -> None:
        raise Refused("muted", "You are muted.")

    monkeypatch.setattr(world.logs, "publish", refuse)
    reader = await world.reader(TOPIC)
    reader.tell(op="publish", id=5, topic=TOPIC, mid="m", type="message", data={})
    await settle()
    error = reader.said("error")[0]
    assert (error["id"], error["code"], error["reason"]) == (5, "muted", "You are muted.")


async def test_nothing_of_a_topic_comes_before_its_subscription_is_answered(
    rules: Rules, connected: Callable[..., Any]
) -> None:
    rules.joins.clear()
    socket = await connected("ann-key")
    asking = asyncio.ensure_future(socket.follow("open.1"))
    await until(lambda: "open.1" in Hub.current().feeds)
    topics.whisper("open.1", "typing", {})
    await asyncio.sleep(0.01)
    rules.joins.set()
    assert (await asking)["op"] == "subscribed"
    assert socket.said("event") == []
    topics.whisper("open.1", "typing", {})
    await socket.until(lambda: socket.said("event"))


async def test_a_published_event_comes_back_with_its_number(world: World) -> None:
    reader = await world.reader(TOPIC)
    reader.tell(op="publish", id=5, topic=TOPIC, mid="m", type="message", data={})
    await settle()
    assert reader.said("ok")[0] == {"op": "ok", "id": 5, "topic": TOPIC, "seq": 1}
    assert mids(reader) == world.logs.of[TOPIC].mids


async def test_an_operation_that_breaks_closes_its_socket_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_(visitor: Any, request: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(world.logs, "publish", break_)
    reader, other = await world.reader(TOPIC), await world.reader(TOPIC)
    reader.tell(op="publish", id=5, topic=TOPIC, mid="m", type="message", data={})
    await settle()
    assert (reader.closed, other.closed) == (4002, None)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"op":"pong"}', '{"op":"pong","n":"1"}'])
async def test_a_frame_of_another_protocol_closes_the_socket(world: World, text: str) -> None:
    reader = await world.reader(TOPIC)
    reader.tell_text(text)
    await settle()
    assert (reader.closed, reader.said("bye")[0]["code"]) == (4500, 4500)
    assert world.hub.feeds == {}
    count = len(reader.frames)
    reader.tell_text(text)
    await settle()
    assert len(reader.frames) == count


async def test_a_silent_socket_is_asked_and_one_that_is_gone_is_closed(world: World) -> None:
    reader = await world.reader()
    reader.asleep = True
    server = world.connection_of(reader)
    now = asyncio.get_running_loop().time()
    server.tick(now + 14)
    assert reader.said("ping") == []
    server.tick(now + 16)
    server.tick(now + 17)
    assert len(reader.said("ping")) == 1
    server.tick(now + 29)
    assert reader.said("bye") == []
    server.tick(now + 31)
    assert (reader.closed, reader.said("bye")[0]["code"]) == (4001, 4001)


async def test_many_sockets_are_looked_at_in_several_turns_of_the_loop(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "TICK_SECONDS", 0)
    looked = Counter[int]()
    turn = 0
    socket = SimpleNamespace(tick=lambda now: looked.update([turn]))
    sockets = [socket] * (2 * hub.TICK_SLICE)
    with monkeypatch.context() as crowded:
        crowded.setattr(world.hub, "connections", sockets)
        ticking = asyncio.ensure_future(world.hub._tick())
        while looked.total() < len(sockets):
            turn += 1
            await asyncio.sleep(0)
        ticking.cancel()
    assert max(looked.values()) == hub.TICK_SLICE


async def test_a_hub_that_leaves_says_so_to_all_and_takes_no_more(world: World) -> None:
    readers = [await world.reader(TOPIC) for _ in range(3)]
    world.hub.say_bye(protocol.SHUTDOWN, "The server restarts.")
    late = await world.reader()
    assert [one.closed for one in [*readers, late]] == [4000] * 4
    assert all(one.frames[-1]["op"] == "bye" for one in [*readers, late])


async def test_a_server_that_does_not_report_the_end_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "LINGER_SECONDS", 0.01)
    reader = await world.reader()
    reader.tell_text("{")
    await until(lambda: not world.hub.connections)


async def test_a_socket_that_breaks_in_the_middle_leaves_nothing_behind(world: World) -> None:
    world.logs.turns = 5
    reader = Reader(TOPIC).connect()
    reader.subscribe()
    await settle(14)
    await reader.leave()
    await settle()
    assert world.hub.feeds == {}
