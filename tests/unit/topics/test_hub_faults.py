"""Whatever is lost, late, doubled, slow or rolled back: each reader sees the log, in order."""

from __future__ import annotations

import asyncio
import random

import pytest

from channels_celery.topics import feed, hub
from channels_celery.topics.doorbell import Bell
from channels_celery.topics.hub import Hub

from .readers import Log, Logs, Reader, bell, settle

READERS = 3
TOPICS = ("chat.lobby", "chat.kitchen")
STEPS = 80
SCRIPTS = 60

#: What may happen, and how often beside the rest.
WEIGHTS = {
    "publish": 30,
    "turn": 20,
    "late bells": 4,
    "subscribe": 3,
    "unsubscribe": 1,
    "reconnect": 3,
    "sleep": 3,
    "wake": 6,
    "clog": 3,
    "unclog": 6,
    "sweep": 4,
    "slow database": 3,
    "away": 2,
    "back": 3,
    "renew": 1,
    "trim": 1,
    "roll back": 1,
}
RINGS = ("now", "now", "now", "now", "lost", "late", "twice", "bare")
SIZES = (2, 2, 2, 2, 3000, 9000, 30000)


class World:
    """A hub, its logs, three readers, and doorbells that have not rung yet."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.logs = Logs(*TOPICS)
        self.hub = hub._hubs[asyncio.get_running_loop()] = Hub(self.logs)
        self.readers = [Reader(*TOPICS).connect() for _ in range(READERS)]
        self.late: list[Bell] = []
        self.rolled_to: dict[str, int] = {}

    async def step(self) -> None:
        (name,) = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
        await getattr(self, name.replace(" ", "_"))()

    def some_log(self) -> Log:
        return self.logs.of[self.chance.choice(TOPICS)]

    def some_reader(self) -> Reader:
        return self.chance.choice(self.readers)

    async def publish(self) -> None:
        ring, size = self.chance.choice(RINGS), self.chance.choice(SIZES)
        event = self.some_log().append(f'"{"x" * size}"')
        rung = bell(event, frame=ring != "bare" and size < 8000)
        if ring == "late":
            self.late.append(rung)
        elif ring != "lost":
            for _ in range(2 if ring == "twice" else 1):
                self.hub.hear(rung)

    async def late_bells(self) -> None:
        self.chance.shuffle(self.late)
        for rung in self.late:
            self.hub.hear(rung)
        self.late.clear()

    async def turn(self) -> None:
        await settle(self.chance.randrange(9))

    async def subscribe(self) -> None:
        self.some_reader().subscribe(self.chance.choice(TOPICS))

    async def unsubscribe(self) -> None:
        self.some_reader().unsubscribe(self.chance.choice(TOPICS))

    async def reconnect(self) -> None:
        reader = self.some_reader()
        await reader.leave()
        reader.connect()
        for topic in TOPICS:
            reader.subscribe(topic)

    async def sleep(self) -> None:
        self.some_reader().asleep = True

    async def wake(self) -> None:
        self.some_reader().wake()

    async def clog(self) -> None:
        self.some_reader().gate.clear()

    async def unclog(self) -> None:
        self.some_reader().gate.set()

    async def sweep(self) -> None:
        mark = self.logs.sweep_began()
        if await self.hub.sweep._compare(list(self.hub.feeds)):
            self.logs.sweep_ended(mark)

    async def renew(self) -> None:
        log = self.some_log()
        if log.epoch:
            log.renew()

    async def away(self) -> None:
        self.logs.away = True

    async def back(self) -> None:
        self.logs.away = False

    async def slow_database(self) -> None:
        self.logs.turns = self.chance.randrange(7)

    async def trim(self) -> None:
        log = self.some_log()
        # What was rolled back stays to be compared: a trimmed event proves nothing.
        most = min(len(log.events), self.rolled_to.get(log.topic, len(log.events)))
        log.trimmed_to = max(log.trimmed_to, min(most, log.trimmed_to + self.chance.randrange(5)))

    async def roll_back(self) -> None:
        """As a restored database: it was away, and comes back with less."""
        log = self.some_log()
        kept = max(log.trimmed_to, len(log.events) - self.chance.randrange(5))
        del log.events[kept:]
        self.rolled_to[log.topic] = min(kept, self.rolled_to.get(log.topic, kept))
        self.late.clear()
        self.logs.trusted = False

    async def heal(self) -> None:
        """Everything works again; one sweep finds what was lost."""
        self.logs.away, self.logs.turns = False, 0
        for reader in self.readers:
            reader.gate.set()
            reader.wake()
        await settle(250)
        for reader in self.readers:
            if reader.closed is not None:
                await reader.leave()
                reader.connect()
            for topic in TOPICS:
                if not reader.following[topic].live:
                    reader.subscribe(topic)
        await settle(250)
        await self.sweep()
        await settle(250)

    def check(self, reader: Reader, topic: str) -> None:
        log, following = self.logs.of[topic], reader.following[topic]
        assert following.wrong == []
        assert following.position is not None
        assert following.position.seq == len(log.events)
        assert following.position.epoch in ("", log.epoch)
        assert following.mids == log.mids[following.start :]

    async def end(self) -> None:
        for reader in self.readers:
            await reader.leave()
        assert self.hub.feeds == {}
        assert self.hub.connections == set()
        del hub._hubs[asyncio.get_running_loop()]


async def play(seed: int) -> None:
    world = World(seed)
    for reader in world.readers:
        for topic in TOPICS:
            reader.subscribe(topic)
    await settle()
    for _ in range(STEPS):
        await world.step()
    await world.heal()
    for reader in world.readers:
        for topic in TOPICS:
            world.check(reader, topic)
    await world.end()


@pytest.mark.parametrize("seed", range(SCRIPTS))
def test_every_reader_sees_the_log_in_order_whatever_happens(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "RETRY_SECONDS", (0.0, 0.0))
    asyncio.run(play(seed))


async def test_a_task_of_the_hub_begins_again_after_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub, "TICK_SECONDS", 0.0)
    begun: list[int] = []
    again = asyncio.Event()

    async def job() -> None:
        begun.append(len(begun))
        if len(begun) == 1:
            raise RuntimeError("a fault of ours")
        again.set()
        await asyncio.sleep(3600)

    task = asyncio.create_task(hub._lasting(job))
    async with asyncio.timeout(5):
        await again.wait()
    assert begun == [0, 1]
    task.cancel()
