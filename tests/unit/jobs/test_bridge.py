from __future__ import annotations

import asyncio
import signal
import threading

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from channels_celery import loop, writer
from channels_celery.jobs import bridge
from tests.services import until


async def test_sync_parts_run_where_the_caller_waits() -> None:
    async def work() -> tuple[int, bool]:
        here = await sync_to_async(threading.get_ident)()
        return here, asyncio.get_running_loop() is loop.running()

    def caller() -> None:
        assert bridge.complete(work()) == (threading.get_ident(), True)

    await asyncio.to_thread(caller)


def test_sync_parts_may_wait_for_async_code_again() -> None:
    async def inner() -> int:
        return await sync_to_async(threading.get_ident)()

    async def work() -> int:
        return await sync_to_async(async_to_sync(inner))()

    assert bridge.complete(work()) == threading.get_ident()


def test_async_code_joins_the_transaction_of_the_thread_that_waits() -> None:
    async def work() -> bool:
        return writer.caller_thread()

    assert bridge.complete(work())


class Interrupted(BaseException):
    """Raised by a signal's handler, as a soft time limit is."""


def test_interrupt_of_the_wait_cancels_the_code() -> None:
    ends: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    def interrupt(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Interrupted):
            bridge.complete(work())
    finally:
        signal.signal(signal.SIGALRM, before)
    until(lambda: ends == ["cancelled"], seconds=5, what="cancelled code")
