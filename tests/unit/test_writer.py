from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

import pytest
from django.db import OperationalError

from channels_celery import writer
from channels_celery.errors import DatabaseAway


class Session:
    def transaction(self) -> AbstractContextManager[None]:
        return nullcontext()


@contextmanager
def answering() -> Iterator[Session]:
    yield Session()


@contextmanager
def away() -> Iterator[Session]:
    raise OperationalError("connection refused")
    yield


async def after_a_held_batch(*keys: str) -> list[object]:
    """Write one row of each key while the writer is busy: they are its next batch."""
    entered, go_on = threading.Event(), threading.Event()

    def hold(session: object) -> None:
        entered.set()
        assert go_on.wait(10)

    seen: list[str] = []
    held = asyncio.create_task(writer.write("", hold))
    await asyncio.to_thread(entered.wait, 10)

    def note(key: str, session: object) -> None:
        seen.append(key)

    rows = [asyncio.create_task(writer.write(key, partial(note, key))) for key in keys]
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(held, *rows)
    return [*seen]


async def test_a_batch_locks_its_topics_in_one_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "session", answering)
    assert await after_a_held_batch("c", "a", "b", "a") == ["a", "a", "b", "c"]


async def test_a_result_comes_back_to_its_own_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "session", answering)

    def give_back(number: int, session: object) -> int:
        return number

    results = await asyncio.gather(
        *(writer.write(str(-number), partial(give_back, number)) for number in range(100))
    )
    assert results == list(range(100))


async def test_only_writes_that_come_together_open_a_transaction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[object] = []

    def transaction(session: Session) -> AbstractContextManager[None]:
        opened.append(session)
        return nullcontext()

    monkeypatch.setattr(writer, "session", answering)
    monkeypatch.setattr(Session, "transaction", transaction)
    await writer.write("a", lambda session: None)
    assert opened == []
    await after_a_held_batch("a", "b")
    assert len(opened) == 1


async def test_with_the_database_away_each_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "session", away)
    with pytest.raises(DatabaseAway, match="does not answer, nothing is known to be stored"):
        await writer.write("a", lambda session: None)


async def test_a_database_that_stays_away_is_not_tried_row_by_row_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "session", away)
    monkeypatch.setattr(writer, "REPEAT_SECONDS", -1.0)
    again: list[object] = []
    monkeypatch.setattr(writer, "once_more", again.append)
    with pytest.raises(DatabaseAway):
        await writer.write("a", lambda session: None)
    assert again == []


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_starts_a_writer_of_its_own() -> None:
    queue = writer._entries()
    child = os.fork()
    if child == 0:
        os._exit(0 if writer._entries() is not queue else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert writer._entries() is queue
