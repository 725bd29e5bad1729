"""The hub's work on the database, in threads of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from django.db import DataError, Error

from channels_celery.database import Session, session
from channels_celery.errors import DatabaseAway

from . import pool, reading
from .access import Access, Visitor, access_of
from .events import Position
from .greeting import Answer, Greetings, visitors_of
from .log import Appended
from .protocol import Publish
from .reading import Page
from .replay import PAGE_EVENTS
from .standing import Asked, Found, standings
from .submitting import publish_from
from .subscriber import Subscriber

logger = logging.getLogger("channels_celery.topics")

T = TypeVar("T")
#: A subscriber whose rights are asked before it gets a page: who it is and where it stands.
Asking = tuple[Subscriber, Visitor, int]

_MIDS = "SELECT topic, mid FROM channels_celery_event WHERE (topic, seq) IN (VALUES {rows})"


@dataclass(frozen=True, slots=True)
class Top:
    """A log's epoch and top; `mid` is that of an event, empty while unknown."""

    epoch: str
    seq: int
    mid: str


class Source(Protocol):
    """What hubs ask the database; each call raises DatabaseAway when there is no answer.

    `trusted`: no call has failed since the last complete sweep. Until then frames from doorbells
    are not written: the database may come back with less than it had.
    """

    @property
    def trusted(self) -> bool: ...

    async def visitor(self, scope: Mapping[str, Any]) -> Visitor:
        """Who is at the other end."""

    async def first(
        self, visitor: Visitor, topic: str, since: Position | None
    ) -> tuple[Access, Page | None]:
        """The visitor's rights and, if it may read, the first page."""

    async def standings(self, asked: Sequence[Asked]) -> list[Found]:
        """Who is at each socket now, and what it may do."""

    async def page(
        self, topic: str, since: Position, asking: Sequence[Asking]
    ) -> tuple[Page, set[Subscriber]]:
        """A page, and who of those it serves may not read any more."""

    async def access(self, visitor: Visitor, topic: str) -> Access:
        """The visitor's rights."""

    async def publish(self, visitor: Visitor, request: Publish) -> Appended:
        """Store a visitor's event; raises Refused."""

    async def tops(self, asked: Mapping[str, int]) -> dict[str, Top]:
        """Epoch and top of each log there is, with the mid of the event at the `seq` asked for."""

    def sweep_began(self) -> int:
        """A mark for `sweep_ended`."""

    def sweep_ended(self, mark: int) -> None:
        """Every topic was compared: trusted again, unless a call has failed meanwhile."""


class Database:
    """The Source of production: this process's pool of threads."""

    def __init__(self) -> None:
        self._greetings = Greetings(self._visitors)
        self._failures = 0
        self._confirmed = 0

    @property
    def trusted(self) -> bool:
        return self._failures == self._confirmed

    def sweep_began(self) -> int:
        return self._failures

    def sweep_ended(self, mark: int) -> None:
        if not self.trusted and mark == self._failures:
            logger.info("the database answers again")
            self._confirmed = mark

    async def visitor(self, scope: Mapping[str, Any]) -> Visitor:
        return await self._greetings.visitor(scope)

    async def first(
        self, visitor: Visitor, topic: str, since: Position | None
    ) -> tuple[Access, Page | None]:
        return await self._run(lambda: _first(visitor, topic, since))

    async def standings(self, asked: Sequence[Asked]) -> list[Found]:
        return await self._run(lambda: standings(asked))

    async def page(
        self, topic: str, since: Position, asking: Sequence[Asking]
    ) -> tuple[Page, set[Subscriber]]:
        return await self._run(lambda: _page(topic, since, asking))

    async def access(self, visitor: Visitor, topic: str) -> Access:
        return await self._run(lambda: access_of(visitor, topic))

    async def publish(self, visitor: Visitor, request: Publish) -> Appended:
        return await self._run(lambda: _publish(visitor, request))

    async def tops(self, asked: Mapping[str, int]) -> dict[str, Top]:
        return await self._run(lambda: _tops(asked))

    async def _visitors(self, scopes: Sequence[Mapping[str, Any]]) -> list[Answer]:
        return await self._run(lambda: visitors_of(scopes))

    async def _run(self, job: Callable[[], T]) -> T:
        try:
            return await pool.run(job)
        except DataError:
            # What somebody sent does not fit: the database is well.
            raise
        except (Error, DatabaseAway) as error:
            if self.trusted:
                cause = error.__cause__ or error
                logger.warning("the database does not answer: %s: %s", type(cause).__name__, cause)
            self._failures += 1
            raise DatabaseAway from error


def _publish(visitor: Visitor, request: Publish) -> Appended:
    access = access_of(visitor, request.topic)
    return publish_from(visitor, access, request.topic, request.mid, request.type, request.data)


def _first(visitor: Visitor, topic: str, since: Position | None) -> tuple[Access, Page | None]:
    access = access_of(visitor, topic)
    return access, _read(topic, since) if access.read else None


def _page(topic: str, since: Position, asking: Sequence[Asking]) -> tuple[Page, set[Subscriber]]:
    page = _read(topic, since)
    served = {since.seq, *(event.seq for event in page.events)}
    denied = {
        subscriber
        for subscriber, visitor, last in asking
        if last in served and not access_of(visitor, topic).read
    }
    return page, denied


def _read(topic: str, since: Position | None) -> Page:
    with session() as current:
        return reading.read(current, topic, since, PAGE_EVENTS)


def _mids(session: Session, asked: Mapping[str, int]) -> dict[str, str]:
    """The mid of each topic's event at the `seq` asked for, as far as the log has it."""
    rows: list[str] = []
    params: dict[str, Any] = {}
    for index, (topic, seq) in enumerate(asked.items()):
        rows.append(f"(%(t{index})s, CAST(%(s{index})s AS bigint))")
        params |= {f"t{index}": topic, f"s{index}": seq}
    return dict(session.rows(_MIDS.format(rows=", ".join(rows)), params))


def _tops(asked: Mapping[str, int]) -> dict[str, Top]:
    with session() as current:
        found = reading.tops(current, asked)
        mids = _mids(current, asked)
    return {topic: Top(epoch, seq, mids.get(topic, "")) for topic, (epoch, seq) in found.items()}
