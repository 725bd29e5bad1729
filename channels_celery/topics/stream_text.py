from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from .events import Position
from .stream_request import Wanted, text_of

Keys = Mapping[str, Any]

#: Frames that many streams get at the same time; each may be as large as a frame may be.
SHARED_FRAMES = 8


@lru_cache(SHARED_FRAMES)
def keys_of(text: str) -> Keys:
    """The frame's keys, read once for all streams that get it."""
    found: Keys = json.loads(text)
    return found


@lru_cache(SHARED_FRAMES)
def _events(text: str) -> tuple[tuple[int | None, str, str], ...]:
    """Of each event in a frame: `seq`, `mid`, and its data with the topic."""
    frame = keys_of(text)
    events = frame["events"] if frame["op"] == "events" else [frame]
    topic = frame["topic"]
    return tuple(
        (one.get("seq"), one.get("mid", ""), _json({"topic": topic, **_without(one, "op")}))
        for one in events
    )


class StreamText:
    """The text of one event stream: frames of the protocol as Server-Sent Events.

    An event has no name, so that `onmessage` hears it; every other frame is named as its op. What
    moves a position carries an id: the positions of all topics, in the order asked for.
    """

    def __init__(self, asked: Sequence[Wanted]) -> None:
        self._positions = {one.topic: text_of(one.since) for one in asked}
        self._epochs: dict[str, str] = {}

    def of(self, text: str) -> str:
        """What a frame becomes; nothing for answers that say no more than that."""
        frame = keys_of(text)
        match frame["op"]:
            case "event" | "events":
                return "".join(self._blocks(frame["topic"], text))
            case "subscribed" | "gap":
                return self._moved(frame)
            case "ping":
                return ":\n\n"
            case "bye":
                return f"retry: {frame['retry_ms']}\n" + _block(_without(frame, "op"), name="bye")
            case "welcome":
                return _block(_without(frame, "op"), name="welcome")
        return ""

    def _blocks(self, topic: str, text: str) -> Iterator[str]:
        for seq, mid, data in _events(text):
            if seq is None:
                yield f"data: {data}\n\n"
            else:
                self._move(topic, Position(epoch=self._epochs[topic], seq=seq, mid=mid))
                yield f"id: {self._id}\ndata: {data}\n\n"

    def _moved(self, frame: Keys) -> str:
        """A position that events follow: the one asked for, or after a gap another."""
        topic, epoch = frame["topic"], frame["epoch"]
        self._epochs[topic] = epoch
        self._move(topic, Position(epoch=epoch, seq=frame["seq"], mid=frame["mid"]))
        name = "subscribed" if frame.get("recovered") else "gap"
        return f"id: {self._id}\n" + _block(_without(frame, "op", "id", "recovered"), name=name)

    def _move(self, topic: str, position: Position) -> None:
        self._positions[topic] = text_of(position)

    @property
    def _id(self) -> str:
        return ",".join(self._positions.values())


def _block(keys: Keys, *, name: str) -> str:
    return f"event: {name}\ndata: {_json(keys)}\n\n"


def _without(keys: Keys, *left: str) -> Keys:
    return {key: value for key, value in keys.items() if key not in left}


def _json(value: Any) -> str:
    # ASCII only: no line ends in it, and half a surrogate pair does no harm.
    return json.dumps(value, separators=(",", ":"))
