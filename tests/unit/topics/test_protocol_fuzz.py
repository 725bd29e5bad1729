"""Whatever a client sends is a request, a refusal with a code, or the end of its socket."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels_celery.topics import frames, protocol
from channels_celery.topics.access import Refused
from channels_celery.topics.operations import Operation

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ops = st.sampled_from(["subscribe", "unsubscribe", "publish", "whisper", "presence", "pong"])
keys = st.sampled_from(["id", "topic", "since", "mid", "type", "data", "n", "by"])
likely = st.sampled_from(["chat.lobby", "message", "m1", 1, {"epoch": "", "seq": 1, "mid": ""}])
mistyped = st.builds(
    lambda op, rest: {**rest, "op": op},
    ops | st.text(),
    st.dictionaries(keys | st.text(max_size=5), likely | json_values, max_size=8),
)


def said_to(text: str) -> str:
    """The frame that answers a client, or "closed"."""
    try:
        frame = protocol.load(text)
        if frame["op"] == "pong":
            protocol.number_of(frame)
            return ""
        operation = Operation.of(frame)
    except protocol.BadFrame:
        return "closed"
    if isinstance(operation.request, Refused):
        return frames.error(operation.id, operation.request)
    return ""


@settings(max_examples=100, deadline=None)
@given(st.text() | json_values.map(lambda value: json.dumps(value)))
@example("[" * 100_000)
@example('{"op":"publish","data":1e999}')
@example('{"op":"\\ud800"}')
def test_any_text_is_answered_or_ends_its_socket(text: str) -> None:
    said_to(text).encode()


@settings(max_examples=100, deadline=None)
@given(mistyped)
@example({"op": "subscribe", "id": 2**80, "topic": "a"})
@example({"op": "subscribe", "id": "\ud800", "topic": "\x00", "since": {"seq": True}})
@example({"op": "subscribe", "id": 1, "topic": "\U000f0000" * 5_000})
@example({"op": "publish", "id": True, "topic": "a", "mid": 1, "type": [], "data": {}})
def test_a_mistyped_frame_is_refused_by_a_code(frame: dict[str, Any]) -> None:
    answer = said_to(json.dumps(frame))
    if answer and answer != "closed":
        told = json.loads(answer)
        assert told["code"] in ("bad_request", "unknown_op")
        # As JSON each character of a reason may take twelve bytes.
        assert len(answer.encode()) < 13 * frames.REASON_LENGTH
