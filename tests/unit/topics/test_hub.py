"""What one hub does for its sockets, driven at the level of ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from channels_celery.topics import connection as connection_module
from channels_celery.topics import feed, hub, protocol
from channels_celery.topics.access import Access, Refused
from channels_celery.topics.doorbell import Bell
from channels_celery.topics.hub import Hub
from channels_celery.topics.window import FIRST_BYTES, PATIENCE_SECONDS

from .readers import TOPIC, Logs, Reader, bell, settle
from .scripted import until

OTHER = "chat.kitchen"
TYPING = '{"op":"event","topic":"chat.lobby","type":"typing","ts":1,"data":{}}'


class World:
    """A hub of its own logs; readers that are connected and greeted."""

    def __init__(self, logs: Logs) -> None:
        self.logs = logs
        self.hub = hub._hubs[asyncio.get_running_loop()] = Hub(logs)
        self.readers: list[Reader] = []

    async def reader(self, *topics: str) -> Reader:
        """One that follows each of these topics."""
        reader = Reader(*topics).connect()
        self.readers.append(reader)
        for topic in topics:
            reader.subscribe(topic)
        await settle()
        return reader

    def publish(self, topic: str = TOPIC, *, size: int = 2, frame: bool = True) -> None:
        self.hub.hear(bell(self.logs.of[topic].append(f'"{"x" * size}"'), frame=frame))

    def connection_of(self, reader: Reader) -> Any:
        """The server's side of it."""
        found = [one for one in self.hub.connections if one.scope is reader.scope]
        return found[0]


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(feed, "RETRY_SECONDS", (0.0, 0.0))
    made = World(Logs(TOPIC, OTHER))
    yield made
    for reader in made.readers:
        await reader.leave()
    assert made.hub.connections == set()
    assert made.hub.feeds == {}
    del hub._hubs[asyncio.get_running_loop()]


def mids(reader: Reader, topic: str = TOPIC) -> list[str]:
    return reader.following[topic].mids


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


async def test_a_live_event_needs_no_read(world: World) -> None:
    readers = [await world.reader(TOPIC) for _ in range(3)]
    reads = world.logs.reads
    world.publish()
    world.publish()
    assert [mids(reader) for reader in readers] == [world.logs.of[TOPIC].mids] * 3
    assert world.logs.reads == reads


async def test_all_who_are_behind_share_one_read(world: World) -> None:
    readers = [await world.reader(TOPIC) for _ in range(20)]
    reads = world.logs.reads
    world.publish(frame=False)
    await settle()
    assert [mids(reader) for reader in readers] == [world.logs.of[TOPIC].mids] * 20
    assert world.logs.reads == reads + 1


async def test_whoever_stands_where_the_log_was_trimmed_reads_once(world: World) -> None:
    for _ in range(3):
        world.publish()
    honest = await world.reader(TOPIC)
    world.logs.of[TOPIC].trimmed_to = 3
    liar = await world.reader()
    liar.tell(op="subscribe", id=1, topic=TOPIC, since={"epoch": "e0", "seq": 3, "mid": "made-up"})
    await settle(20)
    reads = world.logs.reads
    await settle(200)
    assert world.logs.reads == reads
    world.publish()
    await settle()
    assert mids(honest)[-1] == world.logs.of[TOPIC].mids[-1]
    assert liar.said("event")[-1]["seq"] == 4


async def test_another_event_of_the_same_number_is_a_gap(world: World) -> None:
    reader = await world.reader(TOPIC)
    world.publish()
    world.publish()
    del world.logs.of[TOPIC].events[1:]
    world.publish()
    await settle()
    assert [gap["reason"] for gap in reader.said("gap")] == ["rolled_back"]
    assert reader.said("gap")[0]["seq"] == 2


async def test_who_is_live_and_who_comes_agree_on_the_event_at_the_top(world: World) -> None:
    """The top's event was unknown to the feed: a rolled-back log may not hide behind that."""
    live = await world.reader(TOPIC)
    world.publish(frame=False)
    world.logs.turns = 3
    world.hub.hear(Bell(topic=TOPIC, seq=2, frame=None, origin="x"))
    await settle()
    log = world.logs.of[TOPIC]
    log.events[0] = replace(log.events[0], mid="other")
    await world.reader(TOPIC)
    await settle()
    assert [gap["reason"] for gap in live.said("gap")] == ["rolled_back"]


async def test_a_whisper_reaches_all_who_follow_the_sender_too(world: World) -> None:
    readers = [await world.reader(TOPIC) for _ in range(2)]
    world.hub.hear(Bell(topic=TOPIC, seq=None, frame=TYPING, origin="x"))
    assert [len(reader.said("event")) for reader in readers] == [1, 1]


async def test_whispers_to_a_reader_without_room_are_dropped(world: World) -> None:
    reader = await world.reader(TOPIC)
    reader.asleep = True
    for _ in range(10):
        world.publish(size=3000)
    for _ in range(1000):
        world.hub.hear(Bell(topic=TOPIC, seq=None, frame=TYPING, origin="x"))
    assert world.connection_of(reader).window.unproven <= FIRST_BYTES
    reader.wake()
    await settle(200)
    assert mids(reader) == world.logs.of[TOPIC].mids


async def test_a_large_event_is_not_held_up_for_ever_by_small_ones(world: World) -> None:
    reader = await world.reader(TOPIC, OTHER)
    world.publish(OTHER, size=3000)
    world.publish(TOPIC, size=30_000)
    for _ in range(100):
        world.publish(OTHER, size=1000)
        await settle(6)
        if mids(reader):
            break
    assert mids(reader) == world.logs.of[TOPIC].mids


async def test_a_topic_that_is_left_in_its_turn_lets_the_next_go_on(world: World) -> None:
    reader = await world.reader(TOPIC, OTHER)
    reader.asleep = True
    for topic in (TOPIC, OTHER):
        for _ in range(8):
            world.publish(topic, size=4000)
    await settle()
    world.logs.turns = 20
    reader.wake()
    await settle(5)
    reader.unsubscribe(TOPIC)
    await settle(400)
    assert mids(reader, OTHER) == world.logs.of[OTHER].mids


async def test_a_server_that_waits_for_one_reader_holds_up_no_other(world: World) -> None:
    clogged, free = await world.reader(TOPIC), await world.reader(TOPIC)
    clogged.gate.clear()
    for _ in range(50):
        world.publish()
    assert mids(free) == world.logs.of[TOPIC].mids
    assert mids(clogged) == []
    clogged.gate.set()
    await settle(200)
    assert mids(clogged) == world.logs.of[TOPIC].mids


async def test_after_unsubscribing_nothing_comes(world: World) -> None:
    reader = await world.reader(TOPIC)
    reader.unsubscribe()
    await settle()
    world.publish()
    await settle()
    assert reader.said("ok")[0]["topic"] == TOPIC
    assert reader.said("event") == []
    assert world.hub.feeds == {}


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


async def test_a_right_that_ends_ends_the_replay(world: World) -> None:
    for _ in range(20):
        world.publish(size=3000)
    reader = Reader(TOPIC).connect()
    world.readers.append(reader)
    reader.asleep = True
    reader.subscribe()
    await settle()
    before = len(mids(reader))
    world.logs.granted = Access()
    reader.wake()
    await settle(200)
    error = reader.said("error")[0]
    assert (error["topic"], error["code"]) == (TOPIC, "denied")
    assert "id" not in error
    assert len(mids(reader)) == before < 20
    assert world.hub.feeds == {}


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


async def test_a_database_that_is_away_for_a_while_costs_no_event(world: World) -> None:
    reader = await world.reader(TOPIC)
    world.logs.away = True
    world.publish(frame=False)
    await settle()
    world.publish()
    assert mids(reader) == []
    world.logs.away = False
    await settle()
    assert mids(reader) == world.logs.of[TOPIC].mids


async def test_after_a_failure_frames_are_not_trusted_before_a_sweep(world: World) -> None:
    reader = await world.reader(TOPIC)
    world.logs.trusted = False
    reads = world.logs.reads
    world.publish()
    assert mids(reader) == []
    await settle()
    assert mids(reader) == world.logs.of[TOPIC].mids
    assert world.logs.reads > reads


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
    reader = await world.reader()
    reader.tell_text(text)
    await settle()
    assert (reader.closed, reader.said("bye")[0]["code"]) == (4500, 4500)
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
    server.tick(now + 17 + PATIENCE_SECONDS)
    assert (reader.closed, reader.said("bye")[0]["code"]) == (4001, 4001)


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
