"""A hub with logs in memory and readers that are connected to it."""

from __future__ import annotations

import asyncio
from typing import Any

from channels_celery.topics import hub
from channels_celery.topics.hub import Hub

from .readers import TOPIC, Logs, Reader, bell, settle

OTHER = "chat.kitchen"


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


def mids(reader: Reader, topic: str = TOPIC) -> list[str]:
    return reader.following[topic].mids
