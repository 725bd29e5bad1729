"""What a hub remembers of its topics answers short replays, and only where it is sure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channels_celery.topics import memory as memory_module
from channels_celery.topics.access import Access
from channels_celery.topics.doorbell import Bell
from channels_celery.topics.events import Event, Position
from channels_celery.topics.memory import EVENTS, SECONDS, Memory
from channels_celery.topics.reading import Page

from .readers import TOPIC, Log, Reader, bell, settle
from .worlds import World, mids


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def recalled(memory: Memory, since: Position, top: int, topic: str = TOPIC) -> list[str] | None:
    page = memory.recall(topic, since, top)
    return None if page is None else [event.mid for event in page.events]


def a_log(count: int, topic: str = TOPIC) -> Log:
    log = Log(topic)
    for _ in range(count):
        log.append()
    return log


def page(log: Log, since: int) -> Page:
    """All that follows, as the log would give it."""
    return Page(
        topic=log.topic,
        since=since,
        mid=log.mid_at(since),
        top=log.top,
        trimmed_to=log.trimmed_to,
        reason=None,
        events=tuple(log.events[since:]),
    )


def at(log: Log, seq: int) -> Position:
    return Position(epoch=log.epoch, seq=seq, mid=log.mid_at(seq))


def test_what_was_read_and_what_came_since_is_recalled(clock: Clock) -> None:
    log, memory = a_log(3), Memory(clock)
    memory.learn(page(log, 1))
    memory.add(log.append())
    assert recalled(memory, at(log, 1), 4) == log.mids[1:]
    assert recalled(memory, at(log, 4), 4) == []
    assert recalled(memory, at(log, 0), 4) is None
    # A first position may lack the epoch; the mid tells.
    assert recalled(memory, Position(epoch="", seq=2, mid=log.mids[1]), 4) == log.mids[2:]


def test_a_position_without_proof_is_the_log_s_to_judge(clock: Clock) -> None:
    log, memory = a_log(3), Memory(clock)
    memory.learn(page(log, 0))
    assert recalled(memory, at(log, 0), 3) == log.mids
    assert recalled(memory, Position(epoch=log.epoch, seq=2, mid="other"), 3) is None
    assert recalled(memory, Position(epoch=log.epoch, seq=2), 3) is None
    assert recalled(memory, Position(epoch="e9", seq=2, mid=log.mids[1]), 3) is None
    assert recalled(memory, Position(epoch=log.epoch, seq=9, mid="m"), 3) is None
    # The topic's top is known to be another one.
    assert recalled(memory, at(log, 2), 4) is None


def test_a_trimmed_start_proves_nothing(clock: Clock) -> None:
    log, memory = a_log(3), Memory(clock)
    log.trimmed_to = 1
    memory.learn(page(log, 1))
    assert recalled(memory, Position(epoch=log.epoch, seq=1), 3) is None
    assert recalled(memory, at(log, 2), 3) == log.mids[2:]


def test_a_hole_is_not_bridged(clock: Clock) -> None:
    log, memory = a_log(2), Memory(clock)
    memory.learn(page(log, 0))
    log.append()
    memory.add(log.append())
    assert recalled(memory, at(log, 2), 4) is None


def test_only_the_last_events_are_kept(clock: Clock) -> None:
    log, memory = a_log(1), Memory(clock)
    memory.learn(page(log, 0))
    for _ in range(EVENTS + 5):
        memory.add(log.append())
    top = len(log.events)
    assert recalled(memory, at(log, top - EVENTS), top) == log.mids[-EVENTS:]
    assert recalled(memory, at(log, top - EVENTS - 1), top) is None


def test_after_a_few_seconds_the_log_is_asked(clock: Clock) -> None:
    log, memory = a_log(1), Memory(clock)
    memory.learn(page(log, 0))
    clock.now = 0.6 * SECONDS
    memory.add(log.append())
    clock.now = 1.1 * SECONDS
    assert recalled(memory, at(log, 0), 2) is None
    assert recalled(memory, at(log, 1), 2) == log.mids[1:]


def test_what_was_just_read_comes_in_place_of_what_is_too_old(clock: Clock) -> None:
    log, memory = a_log(5), Memory(clock)
    memory.learn(page(log, 0))
    memory.learn(page(log, 4))
    # As fresh, and more of it.
    assert recalled(memory, at(log, 0), 5) == log.mids
    clock.now = 1.1 * SECONDS
    assert recalled(memory, at(log, 4), 5) is None
    log.events[4] = replace(log.events[4], data="null")
    memory.learn(page(log, 4))
    assert recalled(memory, at(log, 4), 5) == log.mids[4:]
    taken_back = memory.recall(TOPIC, at(log, 4), 5)
    assert taken_back is not None
    assert taken_back.events[0].data == "null"
    assert SECONDS <= 5


def test_the_quietest_topic_goes_first_when_all_is_full(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_module, "BYTES", 9_000)
    memory = Memory(clock)
    logs = [a_log(1, f"t.{number}") for number in range(3)]
    for log in logs:
        memory.learn(page(log, 0))
    for _ in range(4):
        for log in (logs[0], logs[2]):
            memory.add(log.append("x" * 500))
    known = [recalled(memory, at(log, 0), len(log.events), log.topic) for log in logs]
    assert known == [logs[0].mids, None, logs[2].mids]
    for log in logs:
        memory.forget(log.topic)
    assert memory._bytes == 0


@pytest.mark.parametrize("by", ["", '{"id":"u1","name":"a \\",\\"data\\":{"}'])
def test_an_event_is_what_its_frame_says(by: str) -> None:
    data = '{"text":"\\",\\"data\\":}","by":{"id":1}}'
    event = Event(topic="a.b", seq=7, mid="x:1", type="job.reply", ts=5, data=data, by=by)
    assert Event.of_frame(event.frame()) == event
    assert Event.of_frame(event.frame() + " ") is None
    volatile = Event(topic="a", seq=None, mid="", type="t", ts=5, data="1")
    assert Event.of_frame(volatile.frame()) is None


async def test_who_was_away_for_a_moment_costs_no_read(world: World) -> None:
    world.publish()
    stays, leaves = await world.reader(TOPIC), await world.reader(TOPIC)
    await leaves.leave()
    world.publish()
    reads = world.logs.reads
    leaves.connect().subscribe()
    await settle()
    assert mids(stays) == mids(leaves) == world.logs.of[TOPIC].mids
    assert world.logs.reads == reads


async def test_a_topic_that_everybody_has_left_is_not_remembered(world: World) -> None:
    reader = await world.reader(TOPIC)
    world.logs.turns = 20
    world.publish(frame=False)
    await settle(10)
    await reader.leave()
    await settle(90)
    assert world.logs.reads == 2
    assert not world.hub.feeds
    assert not world.hub._memory._runs


async def test_who_leaves_as_the_last_leaves_no_memory(world: World) -> None:
    world.publish()
    reader = await world.reader(TOPIC)
    assert world.hub._memory._runs
    await reader.leave()
    assert not world.hub._memory._runs


async def test_what_is_remembered_is_nobody_s_who_may_not_read_it(world: World) -> None:
    world.publish()
    await world.reader(TOPIC)
    log = world.logs.of[TOPIC]
    world.logs.granted = Access()
    late = await _since(world, Position(epoch=log.epoch, seq=0))
    assert (late.said("error")[0]["code"], late.said("event")) == ("denied", [])


async def test_after_a_failure_the_log_is_asked(world: World) -> None:
    world.publish()
    await world.reader(TOPIC)
    log = world.logs.of[TOPIC]
    world.logs.trusted = False
    log.events[0] = replace(log.events[0], mid="another")
    late = await _since(world, Position(epoch=log.epoch, seq=0))
    assert mids(late) == ["another"]


async def test_all_who_come_back_at_once_share_one_read(world: World) -> None:
    readers = [await world.reader(TOPIC) for _ in range(20)]
    world.publish()
    for reader in readers:
        await reader.leave()
    world.logs.of[TOPIC].append()
    reads = world.logs.reads
    for reader in readers:
        reader.connect().subscribe()
    await settle(200)
    assert [mids(reader) for reader in readers] == [world.logs.of[TOPIC].mids] * 20
    assert world.logs.reads == reads + 1


async def test_what_was_taken_back_is_read_anew(world: World) -> None:
    await world.reader(TOPIC)
    world.publish()
    log = world.logs.of[TOPIC]
    world.hub.hear(bell(log.append('"secret"')))
    log.events[1] = replace(log.events[1], data="null")
    world.hub.hear(_changed())
    late = await _since(world, at(log, 1))
    assert [event["data"] for event in late.said("event")] == [None]


async def test_a_page_from_before_it_was_taken_back_is_not_remembered(world: World) -> None:
    log = world.logs.of[TOPIC]
    log.append()
    log.append('"secret"')
    world.logs.turns = 20
    early = await _since(world, at(log, 1), turns=60)
    log.events[1] = replace(log.events[1], data="null")
    world.hub.hear(_changed())
    await settle(60)
    late = await _since(world, at(log, 1), turns=90)
    assert [event["data"] for event in early.said("event")] == ["secret"]
    assert [event["data"] for event in late.said("event")] == [None]


async def _since(world: World, position: Position, turns: int = 60) -> Reader:
    reader = Reader(TOPIC).connect()
    world.readers.append(reader)
    reader.following[TOPIC].position = position
    reader.subscribe()
    await settle(turns)
    return reader


def _changed() -> Bell:
    return Bell(topic=TOPIC, seq=None, frame=None, origin="another process")
