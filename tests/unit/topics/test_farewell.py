from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from channels_celery.topics import farewell
from channels_celery.topics.farewell import Farewell


class Heard:
    """What was called, in order."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.event = asyncio.Event()

    def server(self, number: int, frame: Any) -> None:
        self.calls.append(number)
        self.event.set()

    def bye(self, code: int, reason: str) -> None:
        self.calls.append(("bye", code))


@pytest.fixture
def heard() -> Iterator[Heard]:
    """The test's own handler stands for the server's."""
    heard = Heard()
    kept = signal.signal(signal.SIGTERM, heard.server)
    yield heard
    signal.signal(signal.SIGTERM, kept)


async def test_bye_is_said_before_the_server_hears_of_the_signal(heard: Heard) -> None:
    chained = Farewell.chained(asyncio.get_running_loop(), heard.bye)
    assert chained is not None
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(heard.event.wait(), 10)
    assert heard.calls == [("bye", 4000), signal.SIGTERM]
    chained.unchain()


async def test_a_second_signal_goes_to_the_server_at_once(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(farewell, "BYE_SECONDS", 600.0)
    chained = Farewell.chained(asyncio.get_running_loop(), heard.bye)
    assert chained is not None
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0)
    assert signal.SIGTERM not in heard.calls
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(heard.event.wait(), 10)
    chained.unchain()


async def test_an_ignored_signal_stays_ignored() -> None:
    kept = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        chained = Farewell.chained(asyncio.get_running_loop(), lambda code, reason: None)
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
        assert chained is not None
        chained.unchain()
    finally:
        signal.signal(signal.SIGTERM, kept)


async def test_outside_the_main_thread_nothing_is_chained(heard: Heard) -> None:
    loop = asyncio.get_running_loop()
    assert await asyncio.to_thread(Farewell.chained, loop, heard.bye) is None
    assert signal.getsignal(signal.SIGTERM) == heard.server


async def test_unchained_the_server_s_handler_is_back(heard: Heard) -> None:
    chained = Farewell.chained(asyncio.get_running_loop(), heard.bye)
    assert chained is not None
    assert signal.getsignal(signal.SIGTERM) != heard.server
    chained.unchain()
    assert signal.getsignal(signal.SIGTERM) == heard.server


def test_a_signal_after_the_loop_has_ended_goes_to_the_server(heard: Heard) -> None:
    loop = asyncio.new_event_loop()
    chained = Farewell.chained(loop, heard.bye)
    assert chained is not None
    loop.close()
    os.kill(os.getpid(), signal.SIGTERM)
    assert heard.calls == [signal.SIGTERM]
    chained.unchain()
