"""Making events out of what callers and visitors hand over: checked, as text, not yet stored."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

from channels_celery import jsontext
from channels_celery.ids import uuid7

from . import names
from .access import Visitor
from .events import Draft, Event


def draft(topic: str, type: str, data: Any, *, mid: str | None = None) -> Draft:
    """The server's own event; BadTopic, BadMessage or TooLarge says what does not fit."""
    return Draft(
        topic=names.check(topic),
        type=names.check_word(type, name="type"),
        data=_text(data),
        mid=str(uuid7()) if mid is None else names.check_word(mid, name="key"),
    )


def draft_by(visitor: Visitor, topic: str, mid: str, type: str, data: Any) -> Draft:
    """A visitor's event, stamped with who sent it; its `mid` is unique among the visitor's own."""
    return Draft(
        topic=names.check(topic),
        type=type,
        data=_text(data),
        mid=names.check_word(mid, name="mid"),
        visitor=visitor.id or "",
        by=_stamp(visitor),
    )


def with_data(draft: Draft, data: Any) -> Draft:
    """The same event with the data that `accept` made of it."""
    return replace(draft, data=_text(data))


def volatile(topic: str, type: str, data: Any, *, by: Visitor | None = None) -> Event:
    """An event that no log keeps; its time is this process's clock."""
    return Event(
        topic=names.check(topic),
        seq=None,
        mid="",
        type=names.check_word(type, name="type"),
        ts=time.time_ns() // 1_000_000,
        data=_text(data),
        by="" if by is None else _stamp(by),
    )


def _text(data: Any) -> str:
    return jsontext.dump(data, name="data", limit=jsontext.EVENT_BYTES)


def _stamp(visitor: Visitor) -> str:
    return json.dumps({"id": visitor.id, "name": visitor.name}, separators=(",", ":"))
