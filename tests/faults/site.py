from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import redis.asyncio

from tests import services
from tests.chaos.processes import Service

from .database import Database
from .proxy import Proxy
from .publishing import Publisher

LAYERS = {
    "sqlite": "channels_redis.core.RedisChannelLayer",
    "postgresql": "channels_redis.pubsub.RedisPubSubChannelLayer",
}


class Site:
    """Two Daphnes on one database and one Redis, each started again when it ends."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder, self.database = folder, database
        self.redis_port = services.free_port()
        self.ports = [services.free_port() for _ in range(2)]
        self.redis = self._service("redis", self._redis_command())
        self.webs = [
            self._service(f"web{number}", self._daphne(port))
            for number, port in enumerate(self.ports)
        ]
        self.publisher = Publisher(self._environment(), folder / "publisher.log")

    def another_publisher(self, redis_port: int) -> Publisher:
        """One that reaches Redis another way."""
        return Publisher(self._environment(redis_port), self.folder / "publisher.log")

    async def tell_redis(self, *command: str) -> None:
        async with redis.asyncio.Redis(port=self.redis_port) as connection:
            await connection.execute_command(*command)

    async def until_up(self) -> None:
        for port in (self.redis_port, *self.ports):
            await until(partial(services.answers, port), what=f"answer on port {port}")

    async def end(self) -> None:
        await self.publisher.end()
        for service in (*self.webs, self.redis):
            service.end()
        self.database.end()

    def _service(self, name: str, command: list[str]) -> Service:
        return Service(name, command, self._environment(), self.folder / f"{name}.log")

    def _daphne(self, port: int) -> list[str]:
        application = "tests.faults.asgi:application"
        daphne = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-v", "0"]
        return [*daphne, "-p", str(port), application]

    def _redis_command(self) -> list[str]:
        return [
            *(str(services.redis_program()), "--port", str(self.redis_port)),
            *("--bind", "127.0.0.1", "--save", "", "--appendonly", "no"),
            *("--dir", str(self.folder)),
        ]

    def _environment(self, redis_port: int | None = None) -> dict[str, str]:
        given = {
            "database": self.database.settings,
            "redis": f"redis://127.0.0.1:{redis_port or self.redis_port}/0",
            "layer": LAYERS[self.database.name],
        }
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "FAULTS": json.dumps(given),
        }


async def migrated(folder: Path, database: Database) -> Site:
    """A site whose database has its tables and whose servers answer."""
    await asyncio.to_thread(database.start)
    site = Site(folder, database)
    await site.publisher.do("migrate")
    await site.until_up()
    return site


@asynccontextmanager
async def proxied(port: int, **harm: Any) -> AsyncIterator[Proxy]:
    """A proxy before a port, with these of its attributes set."""
    async with Proxy(port) as proxy:
        for name, value in harm.items():
            setattr(proxy, name, value)
        yield proxy


async def until(condition: Callable[[], object], *, seconds: float = 30.0, what: str) -> None:
    """Poll until it holds; past the bound the row has failed."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"within {seconds:g} s there was no {what}")
        await asyncio.sleep(0.05)
