"""Server-Sent Events from a hub, driven at the level of ASGI."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from django.test import Client

from channels_celery.topics import protocol, streaming
from channels_celery.topics.access import Access, Refused
from channels_celery.topics.events import Position
from channels_celery.topics.stream_request import Wanted, text_of, wanted
from channels_celery.topics.stream_response import RESPONSE_BYTES

from .eventstream import Parser, Request
from .readers import TOPIC, settle
from .scripted import until
from .worlds import OTHER, World

Get = Callable[..., Any]


@pytest.fixture
async def get(world: World) -> AsyncIterator[Get]:
    """Open a request; each has left before the world ends."""
    opened: list[Request] = []

    async def open_(path: str = f"{TOPIC}/", query: str = "", **headers: str) -> Request:
        opened.append(Request(path, query, **headers).open())
        await settle()
        return opened[-1]

    yield open_
    for request in opened:
        await request.leave()


def connection_of(world: World, request: Request) -> Any:
    return next(one for one in world.hub.connections if one.scope is request.scope)


def position(text: str) -> Position | None:
    query = f"since={text}".encode()
    return wanted({"path_remaining": "t/", "query_string": query, "headers": []})[0].since


def test_a_position_reads_as_it_was_written() -> None:
    for one in (Position(epoch="5c0f", seq=12, mid="0199-a:b_c.d"), Position(epoch="", seq=0)):
        assert position(text_of(one)) == one
    assert position("") is None
    for wrong in ("5c", "5c-x-m", "5c--m", f"5c-{2**63}-m", "5c-1-m%0A", "a,b"):
        with pytest.raises(Refused, match="bad_request"):
            position(wrong)


def test_topics_come_from_the_path_or_the_query_and_the_header_goes_first() -> None:
    def asked(path: str, query: str = "", last: str | None = None) -> list[Wanted]:
        headers = [] if last is None else [(b"last-event-id", last.encode())]
        return wanted({"path_remaining": path, "query_string": query.encode(), "headers": headers})

    assert asked("chat.1/") == [Wanted("chat.1", None)]
    assert asked("", "topic=a&topic=b&since=,e-1-m") == [
        Wanted("a", None),
        Wanted("b", Position(epoch="e", seq=1, mid="m")),
    ]
    assert asked("a/", "since=e-1-m", "e-2-n") == [Wanted("a", Position(epoch="e", seq=2, mid="n"))]
    assert asked("a/", "since=e-1-m", "")[0].since == Position(epoch="e", seq=1, mid="m")
    many = "&".join(f"topic=t{number}" for number in range(protocol.TOPICS + 1))
    assert asked("") == []
    refused = [("", many), ("", "topic=a&topic=a"), ("a b/", ""), ("a", "")]
    # A query's keys are bounded, and a position is one topic's.
    refused += [("a/", "x=1&" * 200), ("a/", "since=e-1-m,e-2-m")]
    for path, query in refused:
        with pytest.raises(Refused):
            asked(path, query)


async def test_an_id_names_the_positions_of_all_topics_in_their_order(
    world: World, get: Get
) -> None:
    world.publish(OTHER)
    request = await get("", f"topic={TOPIC}&topic={OTHER}")
    world.publish(TOPIC)
    world.publish(OTHER)
    parser = Parser()
    events = [event for event in request.events(parser) if event.name == "message"]
    assert [(event.data["topic"], event.data["seq"]) for event in events] == [
        (OTHER, 1),
        (TOPIC, 1),
        (OTHER, 2),
    ]
    assert events[0].id == f"-0-,e0-1-{OTHER}-1"
    assert parser.last_id == f"-0-{TOPIC}-1,e0-2-{OTHER}-2".replace("-0-", "-1-", 1)

    world.publish(TOPIC)
    again = await get("", f"topic={TOPIC}&topic={OTHER}", last_event_id=parser.last_id)
    assert [(one["topic"], one["seq"]) for one in again.named("message")] == [(TOPIC, 2)]


async def test_a_position_that_the_log_can_not_continue_is_a_gap(world: World, get: Get) -> None:
    world.publish()
    request = await get(query="since=old-7-m")
    keys = {"topic": TOPIC, "epoch": "e0", "seq": 1, "mid": f"{TOPIC}-1", "reason": "epoch"}
    assert request.named("gap") == [keys]
    world.publish()
    assert [one["seq"] for one in request.named("message")] == [2]


async def test_a_volatile_event_has_no_id_of_its_own(world: World, get: Get) -> None:
    request = await get()
    frame = {"op": "event", "topic": TOPIC, "type": "typing", "ts": 1, "data": {}}
    world.hub.feeds[TOPIC]._whisper(json.dumps(frame))
    await settle()
    assert request.text.endswith(
        f'\n\ndata: {{"topic":"{TOPIC}","type":"typing","ts":1,"data":{{}}}}\n\n'
    )


async def test_one_topic_that_is_refused_refuses_all(world: World, get: Get) -> None:
    world.logs.granted = Access()
    request = await get("", f"topic={TOPIC}&topic={OTHER}")
    error = json.loads(request.text)["error"]
    assert (request.status, error["code"], request.ended) == (403, "denied", True)
    assert error["topic"] == TOPIC
    await request.task
    assert world.hub.feeds == {}


async def test_a_right_that_ends_ends_the_response(world: World, get: Get) -> None:
    request = await get("", f"topic={TOPIC}&topic={OTHER}")
    connection = connection_of(world, request)
    connection.deny(connection.subscriptions[TOPIC])
    await settle()
    assert (request.status, request.ended) == (200, True)
    assert world.hub.connections == set()


async def test_wrong_credentials_are_401(
    world: World, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody(scope: Any) -> Any:
        raise Refused("credentials", "This token is no more.")

    monkeypatch.setattr(world.logs, "visitor", nobody)
    request = await get()
    assert (request.status, json.loads(request.text)["error"]["code"]) == (401, "credentials")


@pytest.mark.parametrize("when", ["greeting", "leaving"])
async def test_what_passes_is_a_stream_that_ends_with_when_to_come_back(
    world: World, get: Get, when: str
) -> None:
    world.logs.away, world.hub.leaving = when == "greeting", when == "leaving"
    request = await get()
    parser = Parser()
    last = request.events(parser)[-1]
    assert (request.status, request.ended, last.name) == (200, True, "bye")
    assert last.data["code"] == (4002 if when == "greeting" else 4000)
    assert parser.retry_ms == last.data["retry_ms"]


async def test_a_database_that_fails_at_a_topic_ends_the_response_for_now(
    world: World, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = world.logs.visitor

    async def then_away(scope: Any) -> Any:
        found = await visitor(scope)
        world.logs.away = True
        return found

    monkeypatch.setattr(world.logs, "visitor", then_away)
    request = await get()
    assert (request.status, request.ended, request.named("message")) == (200, True, [])


@pytest.mark.parametrize("query", ["", f"topic={TOPIC}&topic={OTHER}"])
async def test_a_response_is_bounded_and_the_next_goes_on(
    world: World, get: Get, query: str
) -> None:
    for _ in range(12):
        world.publish(size=30_000)
    seqs: list[int] = []
    at = ""
    while len(seqs) < 12:
        request = await get("" if query else f"{TOPIC}/", query, last_event_id=at)
        parser = Parser()
        events = request.events(parser)
        # And what the last event is too much.
        assert len(request.text) < RESPONSE_BYTES + 31_000
        seqs += [one.data["seq"] for one in events if one.name == "message"]
        at = parser.last_id
    assert seqs == list(range(1, 13))


async def test_readers_are_told_to_come_back_at_different_times(world: World, get: Get) -> None:
    parsers = [Parser() for _ in range(8)]
    for parser in parsers:
        (await get()).events(parser)
    assert len({parser.retry_ms for parser in parsers}) > 1


async def test_a_reader_that_does_not_read_holds_up_nobody(world: World, get: Get) -> None:
    slow, fast = await get(), await get()
    slow.gate.clear()
    for _ in range(20):
        world.publish(size=1000)
        await settle()
    assert len(fast.named("message")) == 20
    assert slow.named("message") == []
    slow.gate.set()
    await settle()
    assert [one["seq"] for one in slow.named("message")] == list(range(1, 21))


async def test_a_response_ends_in_time_and_a_reader_that_leaves_leaves_nothing(
    world: World, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert streaming.RESPONSE_SECONDS == 5 * 60
    monkeypatch.setattr(streaming, "RESPONSE_SECONDS", 0.01)
    request = await get()
    await until(lambda: request.ended)
    assert request.named("bye") == []
    monkeypatch.undo()
    other = await get()
    await other.leave()
    assert world.hub.connections == set()


async def test_silence_is_broken_by_comments(world: World, get: Get) -> None:
    request = await get()
    connection = connection_of(world, request)
    now = asyncio.get_running_loop().time()
    for seconds in (16, 32, 48, 64):
        connection.tick(now + seconds)
        await settle()
    parser = Parser()
    request.events(parser)
    assert (parser.comments, request.ended) == (4, False)


def test_django_itself_says_who_serves_streams(client: Client, settings: Any) -> None:
    settings.ROOT_URLCONF = "channels_celery.urls"
    answer = client.get(f"/events/{TOPIC}/")
    assert answer.status_code == 501
    assert "topics.sse" in answer.json()["error"]["message"]
