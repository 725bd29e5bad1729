"""Who gets which event, and when: driven at the level of ASGI."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from channels_celery.topics import hub
from channels_celery.topics.access import Access
from channels_celery.topics.doorbell import Bell
from channels_celery.topics.hub import Numbers
from channels_celery.topics.replay import FRAME_BYTES
from channels_celery.topics.window import FIRST_BYTES, LARGEST_BYTES

from .readers import PAGE, TOPIC, Following, Reader, settle
from .worlds import OTHER, World, mids

TYPING = '{"op":"event","topic":"chat.lobby","type":"typing","ts":1,"data":{}}'


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


async def test_an_operator_sees_how_many_follow_and_how_many_are_behind(world: World) -> None:
    await world.reader(TOPIC, OTHER)
    await world.reader(TOPIC)
    world.logs.away = True
    world.publish(frame=False)
    await settle(5)
    seen = Numbers(connections=2, topics=2, subscribers=3, behind=2, late_sweeps=0)
    assert await asyncio.to_thread(hub.numbers) == seen
    world.logs.away, world.logs.trusted = False, True
    await settle()
    assert hub.numbers() == replace(seen, behind=0)


async def test_whoever_stands_where_the_log_was_trimmed_reads_once(world: World) -> None:
    for _ in range(3):
        world.publish()
    honest = await world.reader(TOPIC)
    world.logs.of[TOPIC].trimmed_to = 3
    liar = await world.reader()
    liar.tell(op="subscribe", id=1, topic=TOPIC, since={"epoch": "e0", "seq": 3, "mid": "made-up"})
    await settle(20)
    assert liar.said("subscribed")[0]["mid"] == "made-up"
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
    # One proof of all: no other pong gives the next its turn.
    reader.unanswered = reader.unanswered[-1:]
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


async def test_a_log_that_is_another_one_is_told_at_once_by_a_bell(world: World) -> None:
    world.publish()
    readers = [await world.reader(TOPIC) for _ in range(3)]
    reads = world.logs.reads
    world.logs.of[TOPIC].renew()
    world.hub.hear(Bell(topic=TOPIC, seq=None, frame=None, origin="x"))
    await settle()
    for reader in readers:
        assert [(gap["reason"], gap["seq"]) for gap in reader.said("gap")] == [("epoch", 1)]
    assert world.logs.reads == reads + 1
    world.publish()
    assert [reader.said("event")[-1]["seq"] for reader in readers] == [2] * 3


async def test_a_log_that_is_another_one_is_found_by_the_sweep(world: World) -> None:
    world.publish()
    reader = await world.reader(TOPIC)
    world.logs.of[TOPIC].renew()
    assert await world.hub.sweep._compare([TOPIC])
    await settle()
    assert [gap["reason"] for gap in reader.said("gap")] == ["epoch"]
    # Who comes back with the old epoch is not served from memory.
    await reader.leave()
    late = Reader(TOPIC).connect()
    world.readers.append(late)
    late.tell(op="subscribe", id=1, topic=TOPIC, since={"epoch": "e0", "seq": 1, "mid": "x"})
    await settle()
    assert late.said("subscribed")[0]["reason"] == "epoch"


@pytest.mark.parametrize("grown", [False, True])
async def test_a_log_that_was_rolled_back_is_found_by_the_sweep(world: World, grown: bool) -> None:
    world.publish()
    reader = await world.reader(TOPIC)
    world.publish()
    log = world.logs.of[TOPIC]
    log.events.pop()
    if grown:
        log.append()
    assert await world.hub.sweep._compare([TOPIC])
    await settle()
    assert [gap["reason"] for gap in reader.said("gap")] == ["rolled_back"]
    world.publish()
    assert mids(reader) == log.mids[-1:]


async def test_who_comes_to_a_read_under_way_is_asked_for_its_rights_first(world: World) -> None:
    """Both stand at one place, and what is read for the one would fit the other."""
    readers = [await world.reader(TOPIC) for _ in range(2)]
    for reader in readers:
        reader.asleep = True
    for _ in range(8):
        world.publish(size=4000)
    await settle()
    before = len(mids(readers[1]))
    world.logs.turns = 20
    readers[0].wake()
    await settle(5)
    readers[1].wake()
    world.logs.granted = Access()
    await settle(200)
    assert [reader.said("error")[0]["code"] for reader in readers] == ["denied"] * 2
    assert len(mids(readers[1])) == before


@pytest.mark.parametrize("window", [FIRST_BYTES, LARGEST_BYTES])
async def test_a_frame_of_several_events_fits_the_free_window_and_a_frame(
    world: World, window: int
) -> None:
    for _ in range(PAGE):
        world.publish(size=9_000 if window == FIRST_BYTES else 30_000)
    reader = await world.reader()
    reader.asleep = True
    world.connection_of(reader).window.size = window
    reader.following[TOPIC] = Following(TOPIC)
    reader.subscribe()
    await settle()
    sizes = [len(json.dumps(frame, separators=(",", ":"))) for frame in reader.frames]
    assert max(sizes) <= FRAME_BYTES
    assert sum(sizes) <= window
