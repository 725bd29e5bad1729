from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

#: A durable event's own frame. Types and mids need no escapes, and in a text no quote stands bare.
_FRAME = re.compile(
    r'\{"op":"event","topic":"(?P<topic>[^"]+)","seq":(?P<seq>\d+),"mid":"(?P<mid>[^"]+)",'
    r'"type":"(?P<type>[^"]+)","ts":(?P<ts>\d+)(?:,"by":(?P<by>\{.*?\}))?,"data":(?P<data>.*)\}',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event on its way into the log; `data` and `by` are JSON text, checked before."""

    topic: str
    type: str
    data: str
    mid: str
    visitor: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of a topic. `seq` is None for a volatile one and until its transaction commits.

    `ts` is milliseconds since 1970; `data` and `by` are JSON text, as stored.
    """

    topic: str
    seq: int | None
    mid: str
    type: str
    ts: int
    data: str
    by: str = ""

    @property
    def value(self) -> Any:
        """The data as Python values."""
        return json.loads(self.data)

    @classmethod
    def of_frame(cls, frame: str) -> Event | None:
        """The durable event whose `frame` this is; None for any other text."""
        found = _FRAME.fullmatch(frame)
        if found is None:
            return None
        seq, ts = int(found["seq"]), int(found["ts"])
        texts = {key: found[key] or "" for key in ("topic", "mid", "type", "by", "data")}
        return cls(**texts, seq=seq, ts=ts)

    def frame(self) -> str:
        """The `event` frame of the wire protocol, encoded once for all who get it."""
        return f'{{"op":"event","topic":{json.dumps(self.topic)},{self.body()}}}'

    def body(self) -> str:
        """The event's own keys as JSON text without braces: what `event` and `events` share."""
        parts = []
        if self.seq is not None:
            parts += [f'"seq":{self.seq}', f'"mid":{json.dumps(self.mid)}']
        parts += [f'"type":{json.dumps(self.type)}', f'"ts":{self.ts}']
        if self.by:
            parts.append(f'"by":{self.by}')
        parts.append(f'"data":{self.data}')
        return ",".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in a topic's log: everything up to and with `seq` is known.

    `epoch` is the log's life, `mid` the id of the event at `seq`, proof against a rolled-back log.
    """

    epoch: str
    seq: int
    mid: str = ""
