"""What the server says: each frame as text, one function an op."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from channels_celery import settings

from . import protocol
from .access import Refused
from .events import Position
from .presence import Present

#: Sockets that were closed together come back spread over so long.
SPREAD_MS = 3000
#: Of an error's reason: it may name what a client sent, which is as long as a frame may be.
REASON_LENGTH = 500
#: A client may ask again for what was unavailable after so long, and up to twice as long.
AGAIN_MS = 1000


def welcome(sid: str, visitor: str | None) -> str:
    limits = {"frame": protocol.FRAME_BYTES, "topics": protocol.TOPICS}
    seconds = settings.current().PING_SECONDS
    whole = int(seconds) if seconds == int(seconds) else seconds
    return _text(
        "welcome", v=protocol.VERSION, sid=sid, visitor=visitor, ping_s=whole, limits=limits
    )


def subscribed(request_id: Any, topic: str, start: Position, reason: str | None) -> str:
    keys = {"id": request_id, "topic": topic, **asdict(start)}
    if reason is None:
        return _text("subscribed", **keys, recovered=True)
    return _text("subscribed", **keys, recovered=False, reason=reason)


def gap(topic: str, start: Position, reason: str) -> str:
    return _text("gap", topic=topic, **asdict(start), reason=reason)


def events(topic: str, bodies: Sequence[str]) -> str:
    """One event's body as `event`, those of consecutive ones as `events`."""
    if len(bodies) == 1:
        return f'{{"op":"event","topic":"{topic}",{bodies[0]}}}'
    several = ",".join(f"{{{body}}}" for body in bodies)
    return f'{{"op":"events","topic":"{topic}","events":[{several}]}}'


def presence(request_id: Any, topic: str, present: Present) -> str:
    around = _text("presence", id=request_id, topic=topic)
    return f'{around[:-1]},"members":{present.members},"n":{present.n}}}'


def ok(request_id: Any, **more: Any) -> str:
    return _text("ok", id=request_id, **more)


def error(request_id: Any, refused: Refused, topic: str | None = None) -> str:
    """An answer to a request, or, without its id, the end of a subscription."""
    keys: dict[str, Any] = {} if request_id is None else {"id": request_id}
    if topic is not None:
        keys["topic"] = topic
    reason = refused.reason[:REASON_LENGTH]
    return _text("error", **keys, code=refused.code, reason=reason, temporary=False)


def unavailable(request_id: Any) -> str:
    """The database does not answer: the same request may be sent again."""
    keys: dict[str, Any] = {} if request_id is None else {"id": request_id}
    return _text(
        "error",
        **keys,
        code="unavailable",
        reason="The database does not answer.",
        temporary=True,
        retry_ms=AGAIN_MS + secrets.randbelow(AGAIN_MS),
    )


def ping(number: int) -> str:
    return f'{{"op":"ping","n":{number}}}'


def bye(code: int, reason: str) -> str:
    again = secrets.randbelow(SPREAD_MS) if code < protocol.BAD_FRAME else 0
    return _text("bye", code=code, reason=reason, retry_ms=again)


def _text(op: str, **keys: Any) -> str:
    # ASCII only: a client's id with half a surrogate pair could not be sent otherwise.
    return json.dumps({"op": op, **keys}, separators=(",", ":"))
