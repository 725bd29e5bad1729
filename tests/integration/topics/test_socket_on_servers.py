"""The websocket on real Daphne and uvicorn, with a real Redis between the processes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from websockets.exceptions import ConnectionClosed

from channels_celery import topics
from channels_celery.database import close_idle
from tests import services

from .serving import Client, Server, guest_cookie, serving

TOPIC = "open.lobby"
#: A sweep that never comes within a test: what arrives has come by a doorbell.
NEVER_SECONDS = 600.0
GUEST = "g0123456789abcdef0123"


@pytest.fixture(params=["daphne", "uvicorn"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


Serve = Callable[..., Server]


@pytest.fixture
def serve(kind: str, transactional_db: None, redis_url: str) -> Iterator[Serve]:
    """Start a server; its clients and itself end with the test."""
    with ExitStack() as running:
        yield lambda redis=redis_url, **settings: running.enter_context(
            serving(kind, "default", redis, **settings)
        )
    close_idle()


def publish(number: int, size: int = 2) -> None:
    for _ in range(number):
        topics.publish(TOPIC, "message", {"text": "x" * size})


def until_heard(client: Client) -> None:
    """The server's process is a member of the topic's group: a whisper from here comes through."""

    def heard() -> bool:
        topics.whisper(TOPIC, "typing", {})
        try:
            client.hear("event", seconds=0.2)
        except TimeoutError:
            return False
        return True

    services.until(heard, what="doorbell")


def test_events_of_another_process_come_at_once_and_in_order(
    kind: str, database: str, redis_url: str, ringing: None
) -> None:
    with serving(kind, database, redis_url, SWEEP_SECONDS=NEVER_SECONDS) as server:
        client = server.client()
        assert client.hear("welcome")["visitor"] is None
        client.follow(TOPIC)
        until_heard(client)
        publish(20)
        publish(1, size=20_000)
        publish(20)
        client.hear_until(41)
        assert client.seqs == list(range(1, 42))
        assert topics.delete(TOPIC)
        gap = client.hear("gap")
        assert (gap["reason"], gap["epoch"], gap["seq"]) == ("epoch", "", 0)
        assert client.position is not None
        client.position |= {"seq": 0}
        publish(1)
        assert client.hear("event")["seq"] == 1


def test_a_lost_doorbell_is_healed_by_the_sweep(serve: Serve) -> None:
    client = serve(SWEEP_SECONDS=0.2).client()
    client.follow(TOPIC)
    publish(3)
    client.hear_until(3)
    assert client.seqs == [1, 2, 3]


@pytest.mark.proof
def test_a_killed_server_leaves_no_hole(serve: Serve, ringing: None) -> None:
    server = serve()
    client = server.client()
    client.follow(TOPIC)
    publish(5)
    client.hear_until(5)
    server.kill()
    publish(5)
    server.start()

    again = server.client()
    answer = again.follow(TOPIC, client.position)
    publish(5)
    again.hear_until(15)

    assert (answer["recovered"], answer["seq"]) == (True, 5)
    assert again.seqs == list(range(6, 16))


def test_sigterm_says_bye_to_every_reader_even_a_new_one(serve: Serve) -> None:
    server = serve()
    streams = [server.stream(f"{TOPIC}/") for _ in range(3)]
    clients = [server.client() for _ in range(5)]
    for client in clients:
        client.hear("welcome")
    # Daphne's own way out fails for sockets of the last second.
    clients.append(server.client())
    clients[-1].hear("welcome")
    server.terminate()
    ends = [client.close_code() for client in clients]
    assert [code for _, code in ends] == [4000] * 6
    assert all(0 <= bye["retry_ms"] < 3000 for bye, _ in ends)
    # After `bye` the response is ended, not cut: HTTP's own end of it has come.
    lasts = [stream.rest()[-1] for stream in streams]
    assert [(last.name, last.data["code"]) for last in lasts] == [("bye", 4000)] * 3
    assert server.process is not None
    server.process.wait(15)


@pytest.mark.proof
def test_a_reader_that_does_not_read_holds_up_nobody_and_misses_nothing(
    server: Server, ringing: None
) -> None:
    slow, fast = server.client(), server.client()
    for client in (slow, fast):
        client.follow(TOPIC)
    until_heard(fast)
    started = time.monotonic()
    publish(300, size=4000)
    fast.hear_until(300)
    assert time.monotonic() - started < 15
    slow.hear_until(300)
    assert fast.seqs == slow.seqs == list(range(1, 301))


def test_a_session_says_who_publishes_and_a_mid_counts_once(server: Server) -> None:
    client = server.client(Cookie=guest_cookie(GUEST))
    assert client.hear("welcome")["visitor"] == GUEST
    client.follow(TOPIC)
    for number in (2, 3):
        client.tell(op="publish", id=number, topic=TOPIC, mid="m1", type="message", data="hi")
    answers = [client.hear("ok"), client.hear("ok")]
    assert [answer.get("duplicate") for answer in answers] == [None, True]
    assert [answer["seq"] for answer in answers] == [1, 1]
    client.tell(op="whisper", topic=TOPIC, type="typing", data={})
    event = client.hear("event")
    assert "seq" not in event
    assert event["by"]["id"] == GUEST
    assert client.seqs == [1]


def test_a_foreign_origin_is_told_which_setting_to_change(server: Server) -> None:
    bye, code = server.client(Origin="http://elsewhere.example").close_code()
    assert code == 4502
    assert "ALLOWED_HOSTS" in bye["reason"]
    assert server.client(Origin="http://localhost:1234").hear("welcome")["v"] == 1


def test_a_frame_over_the_limit_closes_the_socket(server: Server) -> None:
    client = server.client()
    client.hear("welcome")
    client.socket.send(json.dumps({"op": "whisper", "data": "x" * 70_000}))
    bye, code = client.close_code()
    assert code == bye["code"] == 4500


def test_without_redis_everything_still_comes(
    serve: Serve, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with services.redis_server(tmp_path_factory.mktemp("redis")) as (port, redis):
        server = serve(f"redis://127.0.0.1:{port}/0", SWEEP_SECONDS=0.3)
        client = server.client()
        client.follow(TOPIC)
        redis.kill()
        redis.wait()
        publish(3)
        client.hear_until(3)
        other = server.client()
        assert other.follow(TOPIC)["recovered"]
        other.hear_until(3)
    assert client.seqs == other.seqs == [1, 2, 3]


def test_a_socket_that_leaves_takes_nothing_with_it(server: Server, ringing: None) -> None:
    stays = server.client()
    stays.follow(TOPIC)
    for _ in range(5):
        leaves = server.client()
        leaves.follow(TOPIC)
        publish(1)
        leaves.socket.socket.close()
    stays.hear_until(5)
    with pytest.raises((ConnectionClosed, OSError)):
        leaves.tell(op="pong", n=1)
    assert stays.seqs == [1, 2, 3, 4, 5]


def test_one_process_needs_no_redis_for_events_to_come_at_once(serve: Serve) -> None:
    server = serve(None, SWEEP_SECONDS=NEVER_SECONDS)
    writer, reader = server.client(Cookie=guest_cookie(GUEST)), server.client()
    stream = server.stream(f"{TOPIC}/")
    for client in (writer, reader):
        client.follow(TOPIC)
    for number in range(1, 11):
        writer.tell(op="publish", id=number, topic=TOPIC, mid=f"m{number}", type="message", data={})
    reader.hear_until(10)
    stream.until_seq(10)
    assert reader.seqs == stream.seqs == list(range(1, 11))
    writer.tell(op="whisper", topic=TOPIC, type="typing", data={})
    assert "seq" not in reader.hear("event")
