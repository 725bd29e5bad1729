"""Server-Sent Events on real Daphne and uvicorn."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from channels_celery import topics

from .serving import Server, guest_cookie
from .streams import Stream

TOPIC, OTHER = "open.lobby", "open.kitchen"
GUEST = "g0123456789abcdef0123"

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


def _request(server: Server, method: str, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request(method, path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer
