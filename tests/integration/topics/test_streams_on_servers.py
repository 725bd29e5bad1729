"""Server-Sent Events on real Daphne and uvicorn."""

from __future__ import annotations

import http.client
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connections

from channels_celery import topics
from channels_celery.topics import pool

from .serving import Server, guest_cookie, serving
from .streams import Stream

TOPIC, OTHER = "open.lobby", "open.kitchen"
GUEST = "g0123456789abcdef0123"
STREAMS = 300

Open = Callable[..., Stream]


@pytest.fixture
def get(server: Server) -> Iterator[Open]:
    with ExitStack() as opened:
        yield lambda path, **headers: opened.enter_context(
            closing(Stream(server.port, f"/events/{path}", **headers))
        )


def publish(number: int, topic: str = TOPIC, size: int = 2) -> None:
    for _ in range(number):
        topics.publish(topic, "message", {"text": "x" * size})


def test_a_stream_gives_what_is_kept_what_comes_and_goes_on_by_its_last_id(
    server: Server, get: Open
) -> None:
    publish(3)
    publish(1, OTHER)
    first = get(f"?topic={TOPIC}&topic={OTHER}", Cookie=guest_cookie(GUEST))
    assert first.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert "Access-Control-Allow-Origin" not in first.headers
    # No cache, no proxy's buffer, and no other site's page as whatever it may be taken for.
    kept = {
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    assert {name: first.headers[name] for name in kept} == kept
    assert first.until("welcome").data["visitor"] == GUEST
    first.until_seq(3)
    publish(1)
    first.until_seq(4)
    assert first.parser.retry_ms in range(500, 1000)
    first.close()

    publish(2)
    publish(2, OTHER)
    again = get(f"?topic={TOPIC}&topic={OTHER}", **{"Last-Event-ID": first.parser.last_id})
    events = [again.until("message").data for _ in range(4)]
    assert [event["seq"] for event in events if event["topic"] == TOPIC] == [5, 6]
    assert [event["seq"] for event in events if event["topic"] == OTHER] == [2, 3]
    assert events[0]["type"] == "message"
    assert set(events[0]) == {"topic", "seq", "mid", "type", "ts", "data"}

    epoch = first.parser.last_id.split("-")[0]
    lost = get(f"{TOPIC}/?since={epoch}-99-m").until("gap")
    assert (lost.data["seq"], lost.data["reason"]) == (6, "rolled_back")
    assert get(f"{TOPIC}/?since={lost.id}").until("subscribed").data["seq"] == 6


def test_what_is_refused_has_its_own_status_and_says_why(server: Server, get: Open) -> None:
    answers = {
        "?topic=nobody.s": 403,
        f"?topic={TOPIC}&topic=nobody.s": 403,
        f"?topic={TOPIC}&topic={TOPIC}": 400,
        "?topic=a b": 400,
        f"{TOPIC}": 404,
        f"{TOPIC}/more/": 404,
        f"{TOPIC}/?since=nonsense": 400,
        f"{TOPIC}/?since=e-1-m,e-2-m": 400,
    }
    found = {path: get(path.replace(" ", "%20")) for path in answers}
    assert {path: one.status for path, one in found.items()} == answers
    assert all(one.refusal()["message"] for one in found.values())
    assert get(f"{TOPIC}/", Origin="http://elsewhere.example").status == 403
    assert get(f"{TOPIC}/", Origin="http://localhost:1234").status == 200
    for method in ("HEAD", "POST", "OPTIONS"):
        http = _request(server, method, f"/events/{TOPIC}/")
        assert (http.status, http.headers["Allow"]) == (405, "GET")


def test_a_token_says_who_reads_and_which_topics(get: Open) -> None:
    visitor = topics.Visitor(user=AnonymousUser(), id=GUEST, name="A program")
    bearer = {"Authorization": f"Bearer {topics.token(visitor, topics=(TOPIC,))}"}
    assert get(f"{TOPIC}/", **bearer).until("welcome").data["visitor"] == GUEST
    assert get(f"{OTHER}/", **bearer).status == 403
    wrong = get(f"{TOPIC}/", Authorization="Bearer cct_nonsense")
    assert (wrong.status, wrong.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_long_log_comes_in_several_bounded_responses(get: Open) -> None:
    publish(60, size=10_000)
    seqs: list[int] = []
    lengths: list[int] = []
    at = ""
    while not seqs or seqs[-1] < 60:
        stream = get(f"{TOPIC}/", **({"Last-Event-ID": at} if at else {}))
        if len(seqs) + 30 < 60:
            assert stream.rest()[-1].name == "message"
        else:
            stream.until_seq(60)
        lengths.append(len(stream.seqs) * 10_000)
        seqs, at = [*seqs, *stream.seqs], stream.parser.last_id
    assert seqs == list(range(1, 61))
    assert max(lengths) < 350_000


def test_three_hundred_streams_take_no_threads_and_no_connections(server: Server) -> None:
    follow_all(server)
    # The hub's pool, the loop's own thread and the few that a server starts with.
    threads, connected = _held(server)
    assert threads <= pool.THREADS + 8
    # The rules ask no database: each thread of the pool has the log's connection alone.
    assert 0 < connected <= pool.THREADS


@pytest.mark.django_db(transaction=True, databases=["postgresql"])
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_three_hundred_streams_take_no_connections_of_postgresql(
    database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as running:
        with monkeypatch.context() as named:
            named.setenv("PGAPPNAME", "streams")
            server = running.enter_context(
                serving("daphne", database, redis_url, SWEEP_SECONDS=0.2)
            )
        follow_all(server)
        with connections[database].cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'streams'"
            )
            (count,) = cursor.fetchone()
    # Each thread of the hub's pool has the log's, and Django's own where a rule has asked.
    assert 0 < count <= pool.THREADS * 2


def follow_all(server: Server) -> None:
    """So many streams, all of which have an event that came while they were open."""
    publish(1)
    streams = [server.stream(f"{TOPIC}/") for _ in range(STREAMS)]
    for stream in streams:
        stream.until_seq(1)
    publish(1)
    for stream in streams:
        stream.until_seq(2)


def _request(server: Server, method: str, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request(method, path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def _held(server: Server) -> tuple[int, int]:
    """Threads of the server, and its connections to SQLite."""
    assert server.process is not None
    place = Path("/proc", str(server.process.pid))
    targets = []
    for link in (place / "fd").iterdir():
        try:
            targets.append(os.readlink(link))
        except FileNotFoundError:
            continue
    # Each connection has the write-ahead log open. The database's own file is no measure: SQLite
    # keeps what was closed while another connection holds a lock (sqlite.org/howtocorrupt.html).
    logs = [target for target in targets if target.endswith(".sqlite3-wal")]
    return len(list((place / "task").iterdir())), len(logs)
