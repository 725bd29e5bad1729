"""What a request for Server-Sent Events asks: topics, and the position that each goes on from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from channels_celery.errors import BadTopic

from . import names, protocol
from .access import Refused
from .events import Position

#: Keys of a query: each topic, and `since`.
FIELDS = protocol.TOPICS + 8

_POSITION = re.compile(r"([A-Za-z0-9]{0,40})-([0-9]{1,19})-([A-Za-z0-9:._-]{0,100})")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A topic and where its reader is; `since` None asks for all that is kept."""

    topic: str
    since: Position | None


def wanted(scope: Mapping[str, Any]) -> list[Wanted]:
    """The topics of a request's path or query, in order. Refused says what is wrong with it.

    Without any, the response says who its reader is and that the connection lives.

    Positions come from `Last-Event-ID`, which a browser sends by itself, else from `?since=`.
    """
    query = _query(scope)
    topics = _topics(scope, query)
    given = _last_event_id(scope) or next((v for key, v in query if key == "since" and v), "")
    parts = given.split(",") if given else [""] * len(topics)
    if len(parts) != len(topics):
        raise Refused(
            "bad_request",
            f"Expected {len(topics)} positions joined by commas, one a topic, not {len(parts)}.",
        )
    return [Wanted(topic, _position(part)) for topic, part in zip(topics, parts, strict=True)]


def text_of(position: Position | None) -> str:
    """A position as it stands in an event's id; nothing where there is none."""
    return "" if position is None else f"{position.epoch}-{position.seq}-{position.mid}"


def _topics(scope: Mapping[str, Any], query: list[tuple[str, str]]) -> list[str]:
    path: str = scope.get("path_remaining", "")
    among = [value for key, value in query if key == "topic"]
    if path and (among or not path.endswith("/") or "/" in path[:-1]):
        raise Refused("not_found", "Expected <topic>/ or ?topic=…&topic=… here.")
    topics = [path[:-1]] if path else among
    if not len(set(topics)) == len(topics) <= protocol.TOPICS:
        raise Refused(
            "bad_request",
            f"Expected at most {protocol.TOPICS} topics, each once, not {len(topics)}.",
        )
    try:
        return [names.check(topic) for topic in topics]
    except BadTopic as error:
        raise Refused("bad_request", str(error)) from None


def _query(scope: Mapping[str, Any]) -> list[tuple[str, str]]:
    try:
        text = scope.get("query_string", b"").decode("ascii")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS)
    except ValueError:
        raise Refused("bad_request", "The query can not be read.") from None


def _last_event_id(scope: Mapping[str, Any]) -> str:
    headers: Iterable[tuple[bytes, bytes]] = scope.get("headers", ())
    return next((v.decode("latin-1") for name, v in headers if name == b"last-event-id"), "")


def _position(text: str) -> Position | None:
    if not text:
        return None
    found = _POSITION.fullmatch(text)
    if found is None or int(found[2]) > protocol.LARGEST_SEQ:
        raise Refused("bad_request", f"Expected <epoch>-<seq>-<mid>, not {text[:80]!r}.")
    return Position(epoch=found[1], seq=int(found[2]), mid=found[3])
