from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import pytest

from channels_celery.topics import doorbell
from channels_celery.topics.doorbell import Bell
from channels_celery.topics.events import Event


def event(seq: int | None = 1, data: str = "{}") -> Event:
    return Event(topic="chat.lobby", seq=seq, mid="m1", type="message", ts=1, data=data)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    messages: list[tuple[str, dict[str, Any]]] = []
    doorbell._gathering.forget()
    monkeypatch.setattr(
        "channels_celery.topics.outbound.group_send",
        lambda group, message: messages.append((group, message)),
    )
    return messages


def test_a_ring_goes_to_the_topics_group_with_its_frame(
    sent: list[tuple[str, dict[str, Any]]],
) -> None:
    doorbell.ring(event())
    assert sent == [
        (
            doorbell.group_of("chat.lobby"),
            {
                "type": "topics.bells",
                "origin": doorbell.origin(),
                "bells": [("chat.lobby", 1, event().frame(), False)],
            },
        )
    ]
    assert json.loads(event().frame())["seq"] == 1


def test_all_topics_share_64_groups() -> None:
    groups = {doorbell.group_of(f"chat.{number}") for number in range(2_000)}
    assert groups == {f"channels_celery.{number}" for number in range(64)}


def test_a_large_frame_stays_in_the_log(sent: list[tuple[str, dict[str, Any]]]) -> None:
    doorbell.ring(event(data=json.dumps("é" * 5_000, ensure_ascii=False)))
    doorbell.ring(event(data=json.dumps("e" * 5_000)))
    assert [message["bells"][0][2] is None for _, message in sent] == [True, False]


def test_a_volatile_frame_is_carried_whatever_its_size(
    sent: list[tuple[str, dict[str, Any]]],
) -> None:
    doorbell.ring(event(seq=None, data=json.dumps("e" * 30_000)))
    ((_, message),) = sent
    ((_, seq, frame, _),) = message["bells"]
    assert seq is None
    assert len(frame) > 30_000


async def test_a_hub_is_told_on_its_own_loop(sent: list[Any]) -> None:
    heard: asyncio.Queue[Bell] = asyncio.Queue()
    doorbell.listeners.add(asyncio.get_running_loop(), heard.put_nowait)
    try:
        await asyncio.to_thread(doorbell.ring, event(seq=5))
        bell = await asyncio.wait_for(heard.get(), 5)
    finally:
        doorbell.listeners.remove(heard.put_nowait)
    assert (bell.topic, bell.seq, bell.origin) == ("chat.lobby", 5, doorbell.origin())
    await asyncio.to_thread(doorbell.ring, event(seq=6))
    await asyncio.sleep(0)
    assert heard.empty()


def test_a_hub_whose_loop_has_closed_drops_out(sent: list[Any]) -> None:
    listeners: doorbell.Listeners[Bell] = doorbell.Listeners()
    loop = asyncio.new_event_loop()
    loop.close()
    listeners.add(loop, lambda bell: None)
    bell = Bell(topic="chat.lobby", seq=1, frame=None, origin="")
    listeners.tell(bell)
    assert listeners._heard == ()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_is_another_origin_without_hubs() -> None:
    loop = asyncio.new_event_loop()

    def hub(bell: Bell) -> None:
        raise AssertionError("the parent's hub was called in the child")

    doorbell.listeners.add(loop, hub)
    before = doorbell.origin()
    child = os.fork()
    if child == 0:
        alone = doorbell.listeners._heard == () and doorbell.origin() != before
        os._exit(0 if alone else 1)
    _, status = os.waitpid(child, 0)
    doorbell.listeners.remove(hub)
    loop.close()
    assert os.waitstatus_to_exitcode(status) == 0
    assert doorbell.origin() == before
