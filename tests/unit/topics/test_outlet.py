from __future__ import annotations

import asyncio
from typing import Any

import pytest

from channels_celery.topics.cork import Cork
from channels_celery.topics.outlet import Outlet


class Server:
    """A server's `send`, which waits while the gate is shut, twice for each message."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.taken: list[str] = []
        self.drained = 0
        self.error: Exception | None = None

    async def send(self, message: dict[str, Any]) -> None:
        if self.error is not None:
            raise self.error
        await self.gate.wait()
        await self.gate.wait()
        self.taken.append(message["text"])

    def outlet(self) -> Outlet:
        return Outlet(self.send, self._count, Cork())

    def _count(self) -> None:
        self.drained += 1


def write(outlet: Outlet, *texts: str) -> None:
    for text in texts:
        outlet.write({"type": "websocket.send", "text": text})


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_server_that_does_not_wait_costs_no_task_and_no_turn() -> None:
    server = Server()
    server.gate.set()
    outlet = server.outlet()
    tasks = len(asyncio.all_tasks())
    write(outlet, "a", "b")
    assert server.taken == ["a", "b"]
    assert len(asyncio.all_tasks()) == tasks
    assert not outlet.busy


async def test_what_is_written_while_the_server_waits_comes_after_in_order() -> None:
    server = Server()
    outlet = server.outlet()
    write(outlet, "a", "b", "c")
    assert outlet.busy
    assert server.taken == []
    server.gate.set()
    write(outlet, "d")
    await turns()
    assert server.taken == ["a", "b", "c", "d"]
    assert not outlet.busy
    assert server.drained == 1


async def test_a_server_that_refuses_ends_the_outlet_quietly() -> None:
    server = Server()
    outlet = server.outlet()
    server.error = OSError("gone")
    write(outlet, "a")
    assert outlet.broken
    server.error = None
    server.gate.set()
    write(outlet, "b")
    assert server.taken == []


async def test_a_server_that_refuses_while_it_waits_ends_the_outlet_quietly() -> None:
    server = Server()
    outlet = server.outlet()
    write(outlet, "a", "b")
    server.error = OSError("gone")
    server.gate.set()
    await turns()
    assert server.taken == ["a"]
    assert outlet.broken
    assert not outlet.busy


async def test_an_abandoned_outlet_writes_nothing_any_more() -> None:
    server = Server()
    outlet = server.outlet()
    write(outlet, "a", "b")
    outlet.abandon()
    server.gate.set()
    await turns()
    write(outlet, "c")
    assert server.taken == []


async def test_an_error_thrown_into_the_wait_reaches_the_server_s_own_code() -> None:
    seen: list[BaseException] = []

    async def send(message: dict[str, Any]) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            seen.append(error)
            raise

    outlet = Outlet(send, lambda: pytest.fail("not drained"), Cork())
    write(outlet, "a")
    await turns()
    outlet.abandon()
    await turns()
    assert len(seen) == 1
