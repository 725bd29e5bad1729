from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from channels_celery.topics.cork import SLICE, Cork
from channels_celery.topics.outlet import Outlet

REACTOR, THREADS = "twisted.internet.reactor", "twisted.python.threadable"


class Reactor:
    """Twisted's, as far as it is used: who waits for the next turn of the loop."""

    def __init__(self) -> None:
        self.waiting: list[Transport] = []

    def addWriter(self, writer: Transport) -> None:  # noqa: N802 - Twisted's name
        assert writer.fileno() >= 0
        self.waiting.append(writer)

    def turn(self) -> None:
        writers, self.waiting = self.waiting, []
        for writer in writers:
            writer.doWrite()


class Transport:
    """A socket of Twisted's, whose kernel takes `room` bytes; and Daphne's `send` to it."""

    def __init__(self, reactor: Reactor, room: int = 1000) -> None:
        self.reactor, self.room = reactor, room
        self.dataBuffer = b""
        self.sent: list[bytes] = []
        self.error: Exception | None = None
        self.fd = 1

    def fileno(self) -> int:
        return self.fd

    async def send(self, message: dict[str, Any]) -> None:
        self.dataBuffer += message["text"].encode()
        self.reactor.addWriter(self)

    def doWrite(self) -> Exception | None:  # noqa: N802 - Twisted's name
        if self.error is not None:
            return self.error
        taken, self.dataBuffer = self.dataBuffer[: self.room], self.dataBuffer[self.room :]
        self.room -= len(taken)
        self.sent.append(taken)
        return None

    def outlet(self, cork: Cork) -> Outlet:
        return Outlet(self.send, lambda: None, cork)


@pytest.fixture
def here() -> SimpleNamespace:
    return SimpleNamespace(isInIOThread=lambda: True)


@pytest.fixture
def reactor(monkeypatch: pytest.MonkeyPatch, here: SimpleNamespace) -> Iterator[Reactor]:
    """A reactor that runs in this thread."""
    found = Reactor()
    monkeypatch.setitem(sys.modules, REACTOR, found)
    monkeypatch.setitem(sys.modules, THREADS, here)
    yield found
    assert "addWriter" not in vars(found)


def write(outlet: Outlet, text: str) -> None:
    outlet.write({"type": "websocket.send", "text": text})


async def test_a_fan_out_leaves_in_slices_as_it_is_written(reactor: Reactor) -> None:
    cork = Cork()
    crowd = [Transport(reactor) for _ in range(SLICE + 1)]
    for number, transport in enumerate(crowd, 1):
        write(transport.outlet(cork), "a")
        assert len([one for one in crowd if one.sent]) == (SLICE if number >= SLICE else 0)
    await asyncio.sleep(0)
    assert [transport.sent for transport in crowd] == [[b"a"]] * len(crowd)
    assert reactor.waiting == []


async def test_what_a_few_sockets_are_told_leaves_in_the_next_turn(reactor: Reactor) -> None:
    transport = Transport(reactor)
    outlet = transport.outlet(Cork())
    for text in ("abc", "d"):
        for letter in text:
            write(outlet, letter)
        await asyncio.sleep(0)
    assert transport.sent == [b"abc", b"d"]
    assert reactor.waiting == []


async def test_a_burst_to_many_sockets_leaves_each_in_two_pieces(reactor: Reactor) -> None:
    cork = Cork()
    crowd = [Transport(reactor) for _ in range(SLICE)]
    outlets = [transport.outlet(cork) for transport in crowd]
    for text in "abcd":
        for outlet in outlets:
            write(outlet, text)
    await asyncio.sleep(0)
    assert [transport.sent for transport in crowd] == [[b"a", b"bcd"]] * SLICE
    for outlet in outlets:
        write(outlet, "e")
    assert [transport.sent[-1] for transport in crowd] == [b"e"] * SLICE


async def test_what_the_kernel_does_not_take_is_left_to_the_reactor(reactor: Reactor) -> None:
    transport = Transport(reactor, room=2)
    write(transport.outlet(Cork()), "abc")
    await asyncio.sleep(0)
    assert (transport.sent, transport.dataBuffer) == ([b"ab"], b"c")
    assert reactor.waiting == [transport]


@pytest.mark.parametrize("raised", [False, True])
async def test_a_socket_that_is_gone_is_left_to_the_reactor(
    reactor: Reactor, monkeypatch: pytest.MonkeyPatch, raised: bool
) -> None:
    cork = Cork()
    transport, neighbour = Transport(reactor), Transport(reactor)
    transport.error = ConnectionResetError()
    if raised:
        monkeypatch.setattr(transport, "doWrite", lambda: 1 / 0)
    outlet = transport.outlet(cork)
    write(outlet, "a")
    write(neighbour.outlet(cork), "b")
    await asyncio.sleep(0)
    assert reactor.waiting == [transport]
    assert neighbour.sent == [b"b"]
    assert not outlet.broken


async def test_a_socket_that_ends_in_between_harms_no_other(reactor: Reactor) -> None:
    cork = Cork()
    transport, neighbour = Transport(reactor), Transport(reactor)
    transport.error = ConnectionResetError()
    for one in (transport, neighbour):
        write(one.outlet(cork), "a")
    transport.fd = -1
    await asyncio.sleep(0)
    assert (neighbour.sent, reactor.waiting) == ([b"a"], [])


async def test_a_reactor_of_another_thread_is_left_alone(
    reactor: Reactor, here: SimpleNamespace
) -> None:
    here.isInIOThread = lambda: False
    transport = Transport(reactor)
    write(transport.outlet(Cork()), "a")
    assert (transport.sent, reactor.waiting) == ([], [transport])


async def test_an_error_of_the_server_breaks_its_outlet_alone(reactor: Reactor) -> None:
    async def refuse(message: dict[str, Any]) -> None:
        raise RuntimeError(message)

    outlet = Outlet(refuse, lambda: None, Cork())
    write(outlet, "a")
    assert outlet.broken


REAL = """
import sys
from twisted.internet import abstract, asyncioreactor
asyncioreactor.install()
from twisted.internet import reactor
from twisted.python import threadable
assert sys.modules["twisted.internet.reactor"] is reactor
threadable.registerAsIOThread()
assert sys.modules["twisted.python.threadable"].isInIOThread()

import asyncio, socket
from channels_celery.topics.cork import Cork
from channels_celery.topics.outlet import Outlet

ours, theirs = socket.socketpair()

class Socket(abstract.FileDescriptor):
    connected, sent, room = 1, b"", 3
    def fileno(self):
        return ours.fileno()
    def writeSomeData(self, data):
        taken = bytes(data[: self.room])
        self.sent, self.room = self.sent + taken, self.room - len(taken)
        return len(taken)

async def main():
    writer = Socket(reactor)
    async def send(message):
        writer.write(message["text"].encode())
    outlet = Outlet(send, print, Cork())
    outlet.write({"text": "ab"})
    assert writer not in reactor.getWriters()
    await asyncio.sleep(0)
    assert (writer.sent, writer.dataBuffer) == (b"ab", b""), writer.sent
    assert writer not in reactor.getWriters()
    outlet.write({"text": "cd"})
    await asyncio.sleep(0)
    assert (writer.sent, writer.dataBuffer, writer.offset) == (b"abc", b"cd", 1)
    assert writer in reactor.getWriters()
    writer.room = 9
    outlet.write({"text": "ef"})
    writer.connectionLost(None)
    writer.fileno = lambda: -1
    await asyncio.sleep(0)
    assert writer.sent == b"abc"

asyncio.set_event_loop(reactor._asyncioEventloop)
reactor._asyncioEventloop.run_until_complete(main())
print("seen")
"""


def test_twisteds_own_names_are_as_they_are_used() -> None:
    done = subprocess.run([sys.executable, "-c", REAL], capture_output=True, text=True, timeout=60)
    assert done.stdout == "seen\n", done.stderr
