"""What docs/protocol.md promises to whoever writes a client from it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from django.db import connections

from channels_celery import topics
from channels_celery.topics import deleting

from .serving import Server, guest_cookie
from .streams import Stream
from .textbook import Textbook

TOPIC = "open.lobby"
GUEST = "g0123456789abcdef0123"
EVENTS = 60


def meanwhile(action: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        try:
            action()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def publish(first: int, last: int) -> None:
    for number in range(first, last + 1):
        topics.publish(TOPIC, "message", {"n": number})


def heard(client: Textbook, count: int) -> bool:
    return len(client.events) >= count


def client_of(server: Server, reloads: list[str]) -> Textbook:
    address = f"ws://127.0.0.1:{server.port}/ws/"
    return Textbook(address, reloads.append, Cookie=guest_cookie(GUEST))


def test_a_client_written_from_the_page_misses_nothing_over_broken_connections(
    server: Server,
) -> None:
    reloads: list[str] = []
    client = client_of(server, reloads)
    client.follow(TOPIC)
    for known in range(0, EVENTS, 20):
        publisher = meanwhile(partial(publish, known + 1, known + 20))
        client.run(partial(heard, client, known + 5))
        client.cut()
        publisher.join()
    client.run(partial(heard, client, EVENTS))
    assert [event["data"]["n"] for _, event in client.events] == list(range(1, EVENTS + 1))
    assert reloads == []

    deleting.renew(TOPIC)
    client.run(lambda: reloads == [TOPIC])
    client.publish(TOPIC, "message", {"n": EVENTS + 1})
    client.run(lambda: len(client.events) > EVENTS and not client._unsent)
    assert client.events[-1][1]["by"]["id"] == GUEST

    assert client._socket is not None
    client._socket.send("nonsense")
    client.run(lambda: False)
    assert client.stopped == 4500


def test_a_reader_of_event_streams_misses_nothing_over_broken_responses(server: Server) -> None:
    publisher = meanwhile(lambda: publish(1, EVENTS))
    seqs: list[int] = []
    last = ""
    for goal in (5, 15, 30, EVENTS):
        headers = {"Last-Event-ID": last} if last else {}
        stream: Stream = server.stream(f"{TOPIC}/", **headers)
        stream.until_seq(goal)
        seqs, last = [*seqs, *stream.seqs], stream.parser.last_id
        stream.close()
    publisher.join()
    assert seqs == list(range(1, EVENTS + 1))
