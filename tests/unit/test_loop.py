from __future__ import annotations

import asyncio
import os
import threading

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from channels_celery import loop, writer


async def where() -> tuple[asyncio.AbstractEventLoop, int]:
    return asyncio.get_running_loop(), threading.get_ident()


def test_there_is_one_loop_in_one_thread_of_its_own() -> None:
    first, second = loop.submit(where()).result(5), loop.submit(where()).result(5)
    assert first == second
    assert first[0] is loop.running()
    assert first[1] != threading.get_ident()


def test_an_exception_comes_back_to_who_submitted() -> None:
    async def fail() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        loop.submit(fail()).result(5)


def test_the_loop_outlives_a_task_that_ends_the_program() -> None:
    async def leave() -> None:
        raise SystemExit(3)

    before = loop.submit(where()).result(5)
    ending = loop.submit(leave())
    assert loop.submit(where()).result(5) == before
    with pytest.raises(SystemExit):
        ending.result(5)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_runs_a_loop_of_its_own() -> None:
    before = loop.submit(where()).result(5)
    child = os.fork()
    if child == 0:
        try:
            own, _thread = loop.submit(where()).result(5)
            os._exit(0 if own is not before[0] else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert loop.submit(where()).result(5) == before


async def _sync_thread_above() -> bool:
    return writer.caller_thread()


def test_under_async_to_sync_the_caller_waits_above() -> None:
    assert async_to_sync(_sync_thread_above)()


def test_a_task_made_under_async_to_sync_still_finds_its_caller() -> None:
    async def outer() -> bool:
        return await asyncio.create_task(_sync_thread_above())

    assert async_to_sync(outer)()


async def test_native_async_code_has_no_caller_above() -> None:
    assert not await _sync_thread_above()


async def test_a_task_that_outlived_its_sync_caller_has_none_above() -> None:
    ended = asyncio.Event()

    async def later() -> bool:
        await ended.wait()
        return writer.caller_thread()

    async def start() -> asyncio.Task[bool]:
        return asyncio.create_task(later())

    task = await sync_to_async(async_to_sync(start))()
    ended.set()
    assert not await task


def test_what_runs_on_the_process_loop_never_waits_for_its_submitter() -> None:
    def submit() -> tuple[bool, int]:
        async def inside() -> tuple[bool, int]:
            return writer.caller_thread(), await sync_to_async(threading.get_ident)()

        return loop.submit(inside()).result(5)

    async def outer() -> tuple[bool, int]:
        return await sync_to_async(submit)()

    above, thread = async_to_sync(outer)()
    assert not above
    assert thread != threading.get_ident()
