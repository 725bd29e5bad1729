"""Log, hub and subscribers against a model: whatever happens, each reader sees the log."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import connections, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from channels_celery import database as ours
from channels_celery import topics
from channels_celery.topics import deleting, doorbell, feed, hub, numbering, pool, trimming
from channels_celery.topics.doorbell import Bell
from channels_celery.topics.events import Event
from channels_celery.topics.hub import Hub
from channels_celery.topics.models import Event as Row
from channels_celery.topics.models import Topic
from channels_celery.topics.source import Database
from tests.unit.topics.readers import Reader, bell, settle

from .publishers import rolled_back

NAMES = ("machine.one", "machine.two")
READERS = 3
#: Events that the rule keeps.
KEEP = 4
#: What becomes of a doorbell.
FATES = ("rung", "rung", "rung", "lost", "late", "twice", "bare")
SIZES = (2, 2, 2, 4_000, 9_000)

some_topic = st.sampled_from(NAMES)
some_reader = st.integers(0, READERS - 1)
some_fate = st.sampled_from(FATES)
some_size = st.sampled_from(SIZES)


@topics.rule("machine.<slug:name>", keep=KEEP, keep_hours=None)
def anybody(visitor: topics.Visitor, name: str) -> bool:
    return True


async def _here(job: Any) -> Any:
    """The hub's database work on this thread: so one seed is one course of events."""
    await asyncio.sleep(0)
    return job()


class Machine(RuleBasedStateMachine):
    alias = "default"

    def __init__(self) -> None:
        super().__init__()
        for model in (Row, Topic):
            model.objects.using(self.alias).all().delete()
        self.patch = pytest.MonkeyPatch()
        self.patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        self.patch.setattr(pool, "run", _here)
        self.patch.setattr(feed, "RETRY_SECONDS", (0.0, 0.0))
        self.patch.setattr(doorbell, "ring", self.ring)
        self.patch.setattr(doorbell, "changed", lambda topic: None)
        self.fate = "rung"
        self.late: list[Bell] = []
        self.rolled_to: dict[str, int] = {}
        self.loop = asyncio.new_event_loop()
        self.run(self.begin())

    async def begin(self) -> None:
        self.hub = hub._hubs[asyncio.get_running_loop()] = Hub(Database())
        self.readers = [Reader(*NAMES).connect() for _ in range(READERS)]
        for reader in self.readers:
            for name in NAMES:
                reader.subscribe(name)
        await settle()

    def run(self, job: Any) -> None:
        self.loop.run_until_complete(job)

    def ring(self, event: Event) -> None:
        rung = bell(event, frame=self.fate != "bare" and len(event.data) < 8_000)
        if self.fate == "late":
            self.late.append(rung)
        elif self.fate != "lost":
            for _ in range(2 if self.fate == "twice" else 1):
                self.hub.hear(rung)

    def top(self, name: str) -> int:
        found = Topic.objects.using(self.alias).filter(name=name).values_list("seq", flat=True)
        return found[0] if found else 0

    def publish_on(self, name: str, size: int = 2) -> None:
        topics.publish(name, "message", "x" * size)

    # What the site does.

    @rule(name=some_topic, fate=some_fate, size=some_size)
    def publish(self, name: str, fate: str, size: int) -> None:
        self.fate = fate
        self.run(self.at_loop(lambda: self.publish_on(name, size)))

    @rule(name=some_topic, fate=some_fate)
    def publish_in_a_transaction(self, name: str, fate: str) -> None:
        def work() -> None:
            with transaction.atomic(using=self.alias):
                self.publish_on(name)
                self.publish_on(name)

        self.fate = fate
        self.run(self.at_loop(work))

    @rule(name=some_topic)
    def publish_and_roll_back(self, name: str) -> None:
        with rolled_back(self.alias):
            self.publish_on(name)

    @rule(name=some_topic)
    def die_before_numbering(self, name: str) -> None:
        with pytest.MonkeyPatch.context() as patch, transaction.atomic(using=self.alias):
            patch.setattr(numbering, "settle", lambda topic: None)
            self.publish_on(name)

    @rule(name=some_topic, back=st.integers(1, 3))
    def redact(self, name: str, back: int) -> None:
        topics.redact(name, max(1, self.top(name) - back))

    @rule()
    def trim(self) -> None:
        # What was rolled back stays to be compared: a trimmed event proves nothing.
        if any(self.top(name) - KEEP > kept for name, kept in self.rolled_to.items()):
            return
        with ours.session() as session:
            trimming.trim(session, "", 60.0)

    @rule(name=some_topic)
    def renew(self, name: str) -> None:
        deleting.renew(name)

    @rule(name=some_topic, back=st.integers(1, 4))
    def restore(self, name: str, back: int) -> None:
        """As a database that was away, and came back as an older copy of itself."""
        kept = self.top(name) - back
        trimmed = Topic.objects.using(self.alias).filter(name=name).values_list("trimmed_to")
        starts = [reader.following[name].start for reader in self.readers]
        # Below its start a reader has nothing that could prove another log.
        if not trimmed or kept < max(*starts, trimmed[0][0]):
            return
        Row.objects.using(self.alias).filter(topic=name, seq__gt=kept).delete()
        Row.objects.using(self.alias).filter(topic=name, seq=None).delete()
        Topic.objects.using(self.alias).filter(name=name).update(seq=kept)
        self.rolled_to[name] = min(kept, self.rolled_to.get(name, kept))
        self.late.clear()
        self.hub.source._failures += 1  # type: ignore[attr-defined]

    # What happens on the way.

    @rule(order=st.randoms(use_true_random=False))
    def late_bells(self, order: Any) -> None:
        order.shuffle(self.late)
        late, self.late = self.late, []

        def ring() -> None:
            for rung in late:
                self.hub.hear(rung)

        self.run(self.at_loop(ring))

    @rule(n=some_reader)
    def cut(self, n: int) -> None:
        self.run(self.readers[n].leave())

    @rule(n=some_reader)
    def connect(self, n: int) -> None:
        self.run(self.come_back(self.readers[n]))

    @rule(n=some_reader, name=some_topic)
    def subscribe(self, n: int, name: str) -> None:
        self.readers[n].subscribe(name)

    @rule(n=some_reader)
    def sleep(self, n: int) -> None:
        self.readers[n].asleep = True

    @rule(n=some_reader)
    def wake(self, n: int) -> None:
        self.readers[n].wake()

    @rule(turns=st.integers(1, 9))
    def turn(self, turns: int) -> None:
        self.run(settle(turns))

    @rule()
    def sweep(self) -> None:
        self.run(self.swept())

    async def at_loop(self, work: Any) -> None:
        work()
        # Each task of a loop has Django's connections for itself.
        connections.close_all()

    async def come_back(self, reader: Reader) -> None:
        await reader.leave()
        reader.connect()
        for name in NAMES:
            reader.subscribe(name)

    async def swept(self) -> None:
        mark = self.hub.source.sweep_began()
        if await self.hub.sweep._compare(list(self.hub.feeds)):
            self.hub.source.sweep_ended(mark)

    # What has to hold.

    @invariant()
    def nobody_was_told_anything_out_of_order(self) -> None:
        for reader in self.readers:
            assert [one.wrong for one in reader.following.values()] == [[], []]

    def teardown(self) -> None:
        try:
            self.run(self.healed())
            for reader in self.readers:
                for name in NAMES:
                    self.check(reader, name)
        finally:
            self.run(self.left())
            hub._hubs.pop(self.loop)
            self.loop.close()
            self.patch.undo()

    async def healed(self) -> None:
        """Everything works again; one sweep finds what was lost."""
        for reader in self.readers:
            reader.wake()
            await self.come_back(reader)
        await settle(200)
        await self.swept()
        await settle(200)

    async def left(self) -> None:
        for reader in self.readers:
            await reader.leave()

    def check(self, reader: Reader, name: str) -> None:
        following = reader.following[name]
        events = Row.objects.using(self.alias).filter(topic=name, seq__gt=following.start)
        assert following.wrong == []
        assert following.position is not None
        assert following.position.seq == self.top(name)
        whole = list(events.order_by("seq").values_list("mid", flat=True))
        # The oldest of what it has may be trimmed by now.
        assert following.mids[len(following.mids) - len(whole) :] == whole
        assert following.start + len(following.mids) == self.top(name)


def test_every_reader_sees_the_log(database: str) -> None:
    class Here(Machine):
        alias = database

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
