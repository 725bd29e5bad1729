"""Who is present on a hub's topics: its subscribers, and with them all other hubs' members."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from django.db import Error

from channels_celery.database import session
from channels_celery.errors import DatabaseAway

from . import doorbell, drafting, pool, roll
from .roll import DEAD_MS, Key, Person

if TYPE_CHECKING:
    from .subscriber import Subscriber

logger = logging.getLogger("channels_celery.topics")

BEAT_SECONDS = 5.0
#: Who leaves is present for so long yet: a page that is loaded anew is no leave and no join.
GRACE_SECONDS = 15.0
#: What happens within it is written together, so many rows at most.
BATCH_SECONDS = 0.05
BATCH = 500
#: After an error.
PAUSE_SECONDS = 1.0
#: People that one event names: its data stays within the bound whatever their names are.
NAMED = 25
#: A name is cut to what its column holds.
NAME_LENGTH = 150


@dataclass(frozen=True, slots=True)
class Present:
    """Who is present on a topic: the first of them, as JSON for all who ask, and how many."""

    members: str
    n: int


@dataclass(slots=True)
class _Turn:
    """What is written and asked at once, and what came of it."""

    enters: list[Person]
    leaves: list[Person]
    asked: list[str]
    beats: bool
    buries: bool
    #: Whose leave was told by the turn before.
    told: list[Person]
    #: Somebody may have left whose leave was not told.
    looks: bool
    #: The hub's own row was there.
    known: bool = True
    joined: list[Person] = field(default_factory=list)
    #: Who has no row of this hub that counts; who of them is present by no other hub.
    gone: list[Person] = field(default_factory=list)
    left: list[Person] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    lists: dict[str, list[Person]] = field(default_factory=dict)


class Presence:
    """The members that a hub answers for. Many sockets of a visitor are one member of a topic.

    Its state lives on the hub's loop; one task carries it to the database, a batch at a time.
    """

    def __init__(self) -> None:
        self.id = secrets.token_hex(8)
        self._here: dict[Key, set[Subscriber]] = {}
        #: Who has a row of this hub; who has to get one; who loses it, and when.
        self._rows: dict[Key, Person] = {}
        self._new: dict[Key, Person] = {}
        self._leaving: dict[Key, float] = {}
        #: Whose leave has been told: they may be forgotten.
        self._told: list[Person] = []
        #: The database failed, perhaps between a leave and its telling.
        self._broken = False
        self._asked: dict[str, list[asyncio.Future[Present]]] = {}
        self._wake = asyncio.Event()
        self._beaten = 0.0
        self._judged = 0.0
        #: Since when this hub has beaten without a break: before that it judges nobody.
        self._steady = 0.0

    def place(self, subscriber: Subscriber) -> None:
        """Its rights or its visitor have been asked: is it a member, and as whom?"""
        visitor, access = subscriber.connection.visitor, subscriber.access
        member: Key | None = None
        if access is not None and access.presence and visitor.id is not None:
            member = subscriber.feed.topic, visitor.id
        if member == subscriber.member:
            return
        self.drop(subscriber)
        if member is None:
            return
        subscriber.member = member
        self._here.setdefault(member, set()).add(subscriber)
        left_at = self._leaving.pop(member, math.inf)
        # Whose leave is due may have lost its row already.
        if member not in self._rows or left_at <= _now():
            self._new[member] = Person(*member, visitor.name.replace("\0", "")[:NAME_LENGTH])
            self._wake.set()

    def drop(self, subscriber: Subscriber) -> None:
        """It follows no more, or is no member any more."""
        member, subscriber.member = subscriber.member, None
        if member is None:
            return
        here = self._here[member]
        here.discard(subscriber)
        if not here:
            del self._here[member]
            self._leaving[member] = _now() + GRACE_SECONDS

    async def members(self, topic: str) -> Present:
        """Who is present now, those who have just come too. Raises DatabaseAway."""
        answer: asyncio.Future[Present] = asyncio.get_running_loop().create_future()
        self._asked.setdefault(topic, []).append(answer)
        self._wake.set()
        return await answer

    async def run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._pause()):
                    await self._wake.wait()
            except TimeoutError:
                pass
            await asyncio.sleep(BATCH_SECONDS)
            await self.settle()

    async def settle(self) -> None:
        """Write what has changed, answer who has asked, and tell what came of it."""
        self._wake.clear()
        asked, self._asked = self._asked, {}
        turn = self._turn(asked)
        try:
            await pool.run(lambda: _settle(self.id, turn))
        except Exception as error:
            if not isinstance(error, Error):
                logger.exception("who is present could not be settled")
            self._broken = True
            for answer in _open(asked):
                answer.set_exception(DatabaseAway())
            await asyncio.sleep(PAUSE_SECONDS)
            self._wake.set()
            return
        self._take(turn)
        for topic, answers in asked.items():
            members = json.dumps([person.shown for person in turn.lists[topic]])
            found = Present(members, turn.counts[topic])
            for answer in _open({topic: answers}):
                answer.set_result(found)
        _tell("presence.join", turn.joined, turn.counts)
        _tell("presence.leave", turn.left, turn.counts)
        self._told = turn.gone
        if self._told:
            self._wake.set()

    def _pause(self) -> float | None:
        """Until the next beat or leave; None: nobody is here."""
        if not self._rows:
            return None
        times = [self._beaten + BEAT_SECONDS, *islice(self._leaving.values(), 1)]
        return max(0.0, min(times) - _now())

    def _turn(self, asked: Iterable[str]) -> _Turn:
        now = _now()
        due = (self._rows.get(key) for key, at in self._leaving.items() if at <= now)
        leaves = list(islice((person for person in due if person is not None), BATCH))
        buries = bool(self._rows) and self._may_judge(now)
        return _Turn(
            enters=list(islice(self._new.values(), BATCH)),
            leaves=leaves,
            asked=list(asked),
            beats=bool(self._rows or self._new),
            buries=buries,
            told=self._told,
            looks=bool(leaves) or buries or self._broken,
        )

    def _may_judge(self, now: float) -> bool:
        """Once a beat, and not while others had as little chance to beat as this hub."""
        from_then = max(self._steady + DEAD_MS / 1_000, self._judged + BEAT_SECONDS)
        return now - self._beaten <= 2 * BEAT_SECONDS and now >= from_then

    def _take(self, turn: _Turn) -> None:
        """The database has it; meanwhile some have come and some have left."""
        now = _now()
        self._broken = False
        if turn.beats:
            if not turn.known or now - self._beaten > 2 * BEAT_SECONDS:
                self._steady = now
            self._beaten = now
        if turn.buries:
            self._judged = now
        if not turn.known:
            self._new, self._rows = {**self._rows, **self._new}, {}
        for person in turn.enters:
            del self._new[person.key]
            self._rows[person.key] = person
            if person.key not in self._here:
                self._leaving.setdefault(person.key, now + GRACE_SECONDS)
        for person in turn.leaves:
            self._rows.pop(person.key, None)
            if person.key in self._here:
                self._new[person.key] = person
            else:
                self._leaving.pop(person.key, None)
                self._new.pop(person.key, None)
        if self._new:
            self._wake.set()


def _settle(hub: str, turn: _Turn) -> None:
    with session() as current:
        if turn.told:
            roll.forget(current, hub, turn.told)
        if turn.beats:
            turn.known = roll.beat(current, hub)
        if turn.enters:
            turn.joined = roll.enter(current, hub, turn.enters)
        if turn.leaves:
            roll.leave(current, hub, turn.leaves)
        if turn.buries:
            roll.bury(current, hub)
        if turn.looks:
            turn.gone = roll.gone(current, hub)
        turn.left = roll.absent(current, turn.gone)
        told = {person.topic for person in (*turn.joined, *turn.left)}
        turn.counts = roll.count(current, {*turn.asked, *told})
        turn.lists = {topic: roll.listed(current, topic) for topic in turn.asked}


def _tell(kind: str, people: Sequence[Person], counts: Mapping[str, int]) -> None:
    of: dict[str, list[dict[str, str]]] = {}
    for person in people:
        of.setdefault(person.topic, []).append(person.shown)
    for topic, members in of.items():
        for start in range(0, len(members), NAMED):
            data = {"members": members[start : start + NAMED], "n": counts[topic]}
            doorbell.ring(drafting.volatile(topic, kind, data))


def _open(asked: Mapping[str, Sequence[asyncio.Future[Present]]]) -> list[asyncio.Future[Present]]:
    """Those who still wait for their answer."""
    return [answer for answers in asked.values() for answer in answers if not answer.done()]


def _now() -> float:
    return asyncio.get_running_loop().time()
