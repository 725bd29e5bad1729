"""Whatever is lost, late, doubled, slow or rolled back: each reader sees the log, in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest

from channels_celery.topics import feed, hub
from channels_celery.topics.doorbell import Bell
from channels_celery.topics.hub import Hub

from .readers import Log, Reader, bell, settle

READERS = 3
STEPS = 80
SCRIPTS = 60

#: What may happen, and how often beside the rest.
WEIGHTS = {
    "publish": 30,
    "turn": 20,
    "late bells": 4,
    "subscribe": 3,
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


def steps(seed: int) -> Iterator[tuple[Any, ...]]:
    """A script of what happens, always the same for one seed."""
    chance = random.Random(seed)
    reader_of = {name: READERS for name in ("subscribe", "reconnect", "sleep", "wake")}
    reader_of |= {"clog": READERS, "unclog": READERS}
    most = {"turn": 9, "slow database": 7, "trim": 5, "roll back": 5, "late bells": 2}
    for name in chance.choices(list(WEIGHTS), list(WEIGHTS.values()), k=STEPS):
        if name == "publish":
            yield name, chance.choice(RINGS), chance.choice(SIZES)
        elif name in reader_of or name in most:
            yield name, chance.randrange({**reader_of, **most}[name])
        else:
            yield (name,)


class World:
    """A hub, its log, three readers, and doorbells that have not rung yet."""

    def __init__(self) -> None:
        self.log = Log()
        self.hub = hub._hubs[asyncio.get_running_loop()] = Hub(self.log)
        self.readers = [Reader(self.hub).connect() for _ in range(READERS)]
        self.late: list[Bell] = []

    async def step(self, name: str, *more: Any) -> None:
        await getattr(self, name.replace(" ", "_"))(*more)

    async def publish(self, ring: str, size: int) -> None:
        event = self.log.append(f'"{"x" * size}"')
        rung = bell(event, frame=ring != "bare" and size < 8000)
        if ring == "late":
            self.late.append(rung)
        elif ring != "lost":
            for _ in range(2 if ring == "twice" else 1):
                self.hub.hear(rung)

    async def late_bells(self, backwards: bool) -> None:
        for rung in reversed(self.late) if backwards else self.late:
            self.hub.hear(rung)
        self.late.clear()

    async def turn(self, turns: int) -> None:
        await settle(turns)

    async def subscribe(self, number: int) -> None:
        self.readers[number].subscribe()

    async def reconnect(self, number: int) -> None:
        reader = self.readers[number]
        await reader.leave()
        reader.connect().subscribe()

    async def sleep(self, number: int) -> None:
        self.readers[number].asleep = True

    async def wake(self, number: int) -> None:
        self.readers[number].wake()

    async def clog(self, number: int) -> None:
        self.readers[number].open_gate.clear()

    async def unclog(self, number: int) -> None:
        self.readers[number].open_gate.set()

    async def sweep(self) -> None:
        mark = self.log.sweep_began()
        if await self.hub._sweep._compare(list(self.hub.feeds)):
            self.log.sweep_ended(mark)

    async def renew(self) -> None:
        if self.log.epoch:
            self.log.renew()

    async def away(self) -> None:
        self.log.away = True

    async def back(self) -> None:
        self.log.away = False

    async def slow_database(self, turns: int) -> None:
        self.log.turns = turns

    async def trim(self, events: int) -> None:
        self.log.trimmed_to = min(len(self.log.events), self.log.trimmed_to + events)

    async def roll_back(self, events: int) -> None:
        # Below it a reader has no mid that could prove anything; doorbells of lost events are lost.
        known = max((reader.start for reader in self.readers), default=0)
        floor = max(known, self.log.trimmed_to)
        self.log.roll_back(max(floor, len(self.log.events) - events))
        self.late.clear()

    async def heal(self) -> None:
        """Everything works again; one sweep finds what was lost."""
        self.log.away, self.log.turns = False, 0
        for reader in self.readers:
            reader.open_gate.set()
            reader.wake()
        await settle(250)
        for reader in self.readers:
            if reader.closed is not None:
                await reader.leave()
                reader.connect()
            if not reader.live or not self.hub.feeds:
                reader.subscribe()
        await settle(250)
        await self.sweep()
        await settle(250)

    async def end(self) -> None:
        for reader in self.readers:
            await reader.leave()


async def play(seed: int) -> None:
    world = World()
    for number in range(READERS):
        await world.subscribe(number)
    await settle()
    for name, *more in steps(seed):
        await world.step(name, *more)
    await world.heal()
    for reader in world.readers:
        assert reader.wrong == []
        assert reader.position is not None
        assert reader.position.seq == len(world.log.events)
        assert reader.mids == world.log.mids[reader.start :]
    await world.end()
    assert world.hub.feeds == {}
    assert world.hub.connections == set()


@pytest.mark.parametrize("seed", range(SCRIPTS))
def test_every_reader_sees_the_log_in_order_whatever_happens(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "RETRY_SECONDS", (0.0, 0.0))
    asyncio.run(play(seed))
