from __future__ import annotations

import json
from typing import Any

import pytest

from channels_celery.topics import frames, protocol
from channels_celery.topics.access import Refused
from channels_celery.topics.events import Event, Position
from channels_celery.topics.protocol import BadFrame, Publish, Subscribe, Whisper

PUBLISH = {"op": "publish", "id": 1, "topic": "a", "mid": "m", "type": "t", "data": None}


def request(**frame: Any) -> protocol.Request:
    return protocol.request(protocol.load(json.dumps(frame)))


def test_a_subscription_names_its_position() -> None:
    since = {"epoch": "e", "seq": 3, "mid": "m"}
    given = request(op="subscribe", id="x", topic="a", since=since, unknown=1)
    assert given == Subscribe("x", "a", Position(epoch="e", seq=3, mid="m"))
    assert request(op="subscribe", id=7, topic="a") == Subscribe(7, "a", None)


def test_a_publish_may_carry_any_data() -> None:
    assert request(**PUBLISH) == Publish(1, "a", "m", "t", None)


def test_a_whisper_needs_no_id() -> None:
    assert request(op="whisper", topic="a", type="t", data=1) == Whisper(None, "a", "t", 1)


@pytest.mark.parametrize(
    "text",
    [
        None, "", "{", "[]", "1", "null", '{"op":1}', "{}", '{"op":"x","n":NaN}', "[" * 60_000,
        json.dumps({"op": "whisper", "data": "x" * protocol.FRAME_BYTES}),
        json.dumps({"op": "whisper", "data": "é" * 33_000}, ensure_ascii=False),
    ],
)  # fmt: skip
def test_what_is_no_frame_of_this_protocol_is_a_bad_frame(text: str | None) -> None:
    with pytest.raises(BadFrame):
        protocol.load(text)


@pytest.mark.parametrize(
    "frame",
    [
        {"op": "subscribe", "topic": "a"},
        {"op": "subscribe", "id": True, "topic": "a"},
        {"op": "subscribe", "id": [1], "topic": "a"},
        {"op": "subscribe", "id": "x" * 101, "topic": "a"},
        {"op": "subscribe", "id": 2**70, "topic": "a"},
        {"op": "subscribe", "id": 1},
        {"op": "subscribe", "id": 1, "topic": 5},
        {"op": "subscribe", "id": 1, "topic": "a", "since": 5},
        {"op": "subscribe", "id": 1, "topic": "a", "since": {"epoch": "e"}},
        {"op": "subscribe", "id": 1, "topic": "a", "since": {"seq": -1}},
        {"op": "subscribe", "id": 1, "topic": "a", "since": {"seq": 2**63}},
        {"op": "subscribe", "id": 1, "topic": "a", "since": {"seq": True}},
        {"op": "subscribe", "id": 1, "topic": "a", "since": {"seq": 1, "epoch": 1}},
        {"op": "subscribe", "id": 1, "topic": "a", "since": {"seq": 1, "mid": 1}},
        {"op": "subscribe", "id": 1, "topic": "a", "since": {"seq": 0, "mid": "x" * 101}},
        {"op": "subscribe", "id": 1, "topic": "a", "since": {"seq": 0, "epoch": "x" * 101}},
        {"op": "unsubscribe", "topic": "a"},
        {key: value for key, value in PUBLISH.items() if key != "mid"},
        {key: value for key, value in PUBLISH.items() if key != "data"},
        {**PUBLISH, "type": ""},
    ],
)
def test_a_request_that_does_not_fit_is_refused(frame: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        request(**frame)
    assert refused.value.code == "bad_request"


def test_an_op_of_a_later_version_is_refused_by_name() -> None:
    with pytest.raises(Refused) as refused:
        request(op="history", id=1)
    assert refused.value.code == "unknown_op"


def test_a_pong_needs_its_number() -> None:
    assert protocol.number_of({"op": "pong", "n": 4}) == 4
    with pytest.raises(BadFrame):
        protocol.number_of({"op": "pong", "n": "4"})


def event(seq: int, data: str = "1") -> Event:
    return Event(topic="a.b", seq=seq, mid=f"m{seq}", type="t", ts=5, data=data, by='{"id":"u1"}')


def test_several_events_are_one_frame_and_one_is_an_event() -> None:
    one, two = event(1), event(2, '{"é":"\u2028"}')
    assert frames.events("a.b", [one.body()]) == one.frame()
    several = json.loads(frames.events("a.b", [one.body(), two.body()]))
    assert several == {
        "op": "events",
        "topic": "a.b",
        "events": [
            {"seq": 1, "mid": "m1", "type": "t", "ts": 5, "by": {"id": "u1"}, "data": 1},
            {
                "seq": 2,
                "mid": "m2",
                "type": "t",
                "ts": 5,
                "by": {"id": "u1"},
                "data": {"é": "\u2028"},
            },
        ],
    }


def test_answers_are_what_the_protocol_says() -> None:
    assert json.loads(frames.subscribed(1, "a", Position(epoch="e", seq=4, mid="m"), None)) == {
        "op": "subscribed", "id": 1, "topic": "a", "epoch": "e", "seq": 4, "mid": "m",
        "recovered": True,
    }  # fmt: skip
    assert json.loads(frames.subscribed(1, "a", Position(epoch="e", seq=4), "trimmed")) == {
        "op": "subscribed", "id": 1, "topic": "a", "epoch": "e", "seq": 4, "mid": "",
        "recovered": False, "reason": "trimmed",
    }  # fmt: skip
    assert json.loads(frames.error(None, Refused("denied", "No."), topic="a")) == {
        "op": "error", "topic": "a", "code": "denied", "reason": "No.", "temporary": False,
    }  # fmt: skip
    away = json.loads(frames.unavailable("x"))
    assert (away["id"], away["code"], away["temporary"]) == ("x", "unavailable", True)
    assert 1000 <= away["retry_ms"] < 2000


def test_an_id_with_half_a_surrogate_pair_can_be_sent_back() -> None:
    text = frames.ok(protocol.id_of(protocol.load('{"op":"publish","id":"\\ud800"}')))
    assert text.encode() == b'{"op":"ok","id":"\\ud800"}'


def test_a_socket_that_has_to_stop_is_not_told_when_to_return() -> None:
    assert json.loads(frames.bye(protocol.BAD_FRAME, "Bad."))["retry_ms"] == 0


def test_sockets_that_have_to_come_back_do_so_one_after_the_other() -> None:
    times = {json.loads(frames.bye(protocol.SHUTDOWN, "Bye."))["retry_ms"] for _ in range(100)}
    assert 0 <= min(times) < frames.SPREAD_MS / 3
    assert frames.SPREAD_MS * 2 / 3 < max(times) < frames.SPREAD_MS
