from __future__ import annotations

import asyncio
import json
import random

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from .journal import Journal

OPEN_SECONDS = 5.0


class Naive:
    """The same over plain Channels: a group's member that comes back whenever it is cut off."""

    def __init__(self, name: str, port: int, topic: str, journal: Journal) -> None:
        self.name = name
        self.subscribed = asyncio.Event()
        self._address = f"ws://127.0.0.1:{port}/naive/{topic}/"
        self._journal = journal
        journal.write(name, "begun", seq=0)
        self._task = asyncio.create_task(self._live())

    async def end(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _live(self) -> None:
        while True:
            try:
                async with connect(
                    self._address, open_timeout=OPEN_SECONDS, close_timeout=0.2, proxy=None
                ) as socket:
                    self.subscribed.set()
                    async for frame in socket:
                        self._journal.write(self.name, "event", mid=json.loads(frame)["mid"])
            except (OSError, TimeoutError, WebSocketException) as error:
                self._journal.write(self.name, "closed", error=repr(error))
            await asyncio.sleep(random.random() * 0.5)
