from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from channels_celery import settings
from channels_celery.errors import DatabaseAway

from .source import Top

if TYPE_CHECKING:
    from .hub import Hub

logger = logging.getLogger("channels_celery.topics")

#: Topics of one read: a read of all would hold up the loop when its answer comes.
SLICE = 500

NO_LOG = Top("", 0, "")


class Sweep:
    """Compares the tops of a hub's topics with the log: it heals every doorbell that was lost."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        #: Sweeps of all topics that took longer than the time between two, or had no answer.
        self.late = 0
        self._soon: set[str] = set()
        self._wake = asyncio.Event()

    def look_at(self, group: str) -> None:
        """A group is heard from now on: what its topics missed until now is found at once."""
        self._soon.update(self._hub.topics_of(group))
        if self._soon:
            self._wake.set()

    async def run(self) -> None:
        while True:
            try:
                await self._round()
            except Exception:
                logger.exception("the sweep failed")

    async def _round(self) -> None:
        """Wait for the next sweep, of all topics or sooner of some."""
        pause = settings.current().SWEEP_SECONDS
        try:
            async with asyncio.timeout(pause):
                while True:
                    await self._wake.wait()
                    self._wake.clear()
                    some, self._soon = list(self._soon), set()
                    await self._compare(some)
        except TimeoutError:
            mark, began = self._hub.source.sweep_began(), asyncio.get_running_loop().time()
            whole = await self._compare(list(self._hub.feeds))
            if whole:
                self._hub.source.sweep_ended(mark)
            if not whole or asyncio.get_running_loop().time() - began > pause:
                self.late += 1

    async def _compare(self, topics: Sequence[str]) -> bool:
        """Whether the database answered for all of them."""
        for start in range(0, len(topics), SLICE):
            feeds = self._hub.feeds
            asked = {
                topic: Top("", feeds[topic].top, feeds[topic].mid)
                for topic in topics[start : start + SLICE]
                if topic in feeds
            }
            try:
                found = await self._hub.source.tops({name: top.seq for name, top in asked.items()})
            except DatabaseAway:
                return False
            for topic, top in asked.items():
                if (feed := self._hub.feeds.get(topic)) is not None:
                    feed.compare(top, found.get(topic, NO_LOG))
        return True
