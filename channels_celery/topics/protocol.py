"""What a client may say: frames read into requests, and the numbers both sides know."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from channels_celery.errors import BadTopic, ChannelsCeleryError

from . import names
from .access import Refused
from .events import Position

VERSION = 1
#: A client may say which versions it speaks, as websocket subprotocols: this and the number.
FAMILY = "channels_celery.v"
#: A client's frame may be so large.
FRAME_BYTES = 64 * 1024
#: Topics of one socket.
TOPICS = 128
#: Operations that may wait on one socket.
OPERATIONS = 64
#: A client's own ids, mids and types.
WORD_LENGTH = 100
#: What the database's columns hold.
LARGEST_SEQ = 2**63 - 1

# Close codes. Clients come back after every code except 45xx.
SHUTDOWN = 4000
SLOW = 4001
INTERNAL = 4002
OVERLOAD = 4006
BAD_FRAME = 4500
CREDENTIALS = 4501
ORIGIN = 4502
OTHER_VERSION = 4503
TOO_MANY_TOPICS = 4504


class BadFrame(ChannelsCeleryError):
    """A frame that is not of this protocol: the socket is closed with 4500."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Follow a topic; `since` None asks for all that is kept."""

    id: Any
    topic: str
    since: Position | None


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    id: Any
    topic: str


@dataclass(frozen=True, slots=True)
class Publish:
    """Store an event; `mid` makes it once-only among this visitor's."""

    id: Any
    topic: str
    mid: str
    type: str
    data: Any


@dataclass(frozen=True, slots=True)
class Whisper:
    """Tell whoever follows the topic now."""

    id: Any
    topic: str
    type: str
    data: Any


@dataclass(frozen=True, slots=True)
class AskPresence:
    """Who is present on a followed topic, and from now on who comes and goes."""

    id: Any
    topic: str


Request = Subscribe | Unsubscribe | Publish | Whisper | AskPresence
Frame = dict[str, Any]


def load(text: str | None) -> Frame:
    """A client's frame as an object with an `op`; else BadFrame."""
    if text is None:
        raise BadFrame("Expected a text frame, not a binary one.")
    if len(text) > FRAME_BYTES or (not text.isascii() and len(text.encode()) > FRAME_BYTES):
        raise BadFrame(f"A frame has at most {FRAME_BYTES:,} bytes.")
    try:
        frame = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadFrame("Expected one JSON object per frame.") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("op"), str):
        raise BadFrame('Expected a JSON object with the key "op".')
    return frame


def request(frame: Frame) -> Request:
    """The frame's meaning; Refused says what is wrong with it."""
    reader = _READERS.get(frame["op"])
    if reader is None:
        raise Refused("unknown_op", f"There is no op {frame['op'][:40]!r}.")
    return reader(frame)


def id_of(frame: Frame) -> Any:
    """The client's id of the request, as far as it can be sent back."""
    given = frame.get("id")
    if isinstance(given, str) and len(given) <= WORD_LENGTH:
        return given
    return given if type(given) is int and abs(given) <= LARGEST_SEQ else None


def number_of(frame: Frame) -> int:
    """The number of a pong."""
    number = frame.get("n")
    if type(number) is not int:
        raise BadFrame('A pong sends back the number "n" of its ping.')
    return number


def _subscribe(frame: Frame) -> Subscribe:
    since = frame.get("since")
    return Subscribe(_id(frame), _topic(frame), None if since is None else _since(since))


def _unsubscribe(frame: Frame) -> Unsubscribe:
    return Unsubscribe(_id(frame), _topic(frame))


def _publish(frame: Frame) -> Publish:
    mid, kind = _text(frame, "mid"), _text(frame, "type")
    return Publish(_id(frame), _topic(frame), mid, kind, _data(frame))


def _whisper(frame: Frame) -> Whisper:
    return Whisper(id_of(frame), _topic(frame), _text(frame, "type"), _data(frame))


def _presence(frame: Frame) -> AskPresence:
    return AskPresence(_id(frame), _topic(frame))


_READERS: dict[str, Callable[[Frame], Request]] = {
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "publish": _publish,
    "whisper": _whisper,
    "presence": _presence,
}


def _id(frame: Frame) -> Any:
    given = id_of(frame)
    if given is None:
        _refuse(f'"id" must be a whole number or text of at most {WORD_LENGTH} characters.')
    return given


def _topic(frame: Frame) -> str:
    """A name that can be a topic's: any other would fail in the sweep's read, for all topics."""
    try:
        return names.check(_text(frame, "topic"))
    except BadTopic as error:
        _refuse(str(error))


def _text(frame: Frame, key: str) -> str:
    value = frame.get(key)
    if not isinstance(value, str) or not value:
        _refuse(f'"{key}" must be text.')
    return value


def _data(frame: Frame) -> Any:
    if "data" not in frame:
        _refuse('"data" is missing; null is data as well.')
    return frame["data"]


def _since(given: Any) -> Position:
    if not isinstance(given, dict):
        _refuse('"since" must be an object with "epoch", "seq" and "mid".')
    epoch, seq, mid = given.get("epoch", ""), given.get("seq"), given.get("mid") or ""
    if type(seq) is not int or not 0 <= seq <= LARGEST_SEQ:
        _refuse('"since.seq" must be a whole number, 0 or more.')
    if not all(isinstance(one, str) and len(one) <= WORD_LENGTH for one in (epoch, mid)):
        # What is longer is of no log; a socket would keep it for each of its topics.
        _refuse(f'"since.epoch" and "since.mid" must be text of at most {WORD_LENGTH} characters.')
    return Position(epoch=epoch, seq=seq, mid=mid)


def _refuse(reason: str) -> NoReturn:
    raise Refused("bad_request", reason)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
