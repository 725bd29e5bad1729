from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from channels_celery.topics import Access, Refused, Visitor, submitting
from channels_celery.topics.events import Event

ANN = Visitor(user=AnonymousUser(), id="g1", name='Ann "A"')
NOBODY = Visitor(user=AnonymousUser(), id=None, name="Guest")
MAY = Access(read=True, publish=("message", "job.reply"), whisper=("typing", "topic.end"))


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    events: list[Event] = []
    monkeypatch.setattr("channels_celery.topics.doorbell.ring", events.append)
    return events


@pytest.mark.parametrize(
    ("visitor", "mid", "type", "data", "code"),
    [
        (NOBODY, "m1", "message", {}, "denied"),
        (ANN, "m1", "edit", {}, "denied"),
        (ANN, "m1", "typing", {}, "denied"),
        (ANN, "m1", 7, {}, "denied"),
        (ANN, "m1", ["message"], {}, "denied"),
        (ANN, "m1", "job.reply", {}, "reserved"),
        (ANN, "m1", "presence.join", {}, "reserved"),
        (ANN, "", "message", {}, "bad_request"),
        (ANN, "a b", "message", {}, "bad_request"),
        (ANN, 7, "message", {}, "bad_request"),
        (ANN, "m1", "message", {"x": float("nan")}, "bad_request"),
        (ANN, "m1", "message", "\x00", "bad_request"),
        (ANN, "m1", "message", "x" * 33_000, "too_large"),
    ],
)
def test_what_may_not_be_published_is_refused_unstored(
    visitor: Visitor, mid: Any, type: Any, data: Any, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        submitting.publish_from(visitor, MAY, "chat.lobby", mid, type, data)
    assert refused.value.code == code
    assert refused.value.reason


@pytest.mark.parametrize(
    ("visitor", "type", "data", "code"),
    [
        (NOBODY, "typing", {}, "denied"),
        (ANN, "message", {}, "denied"),
        (ANN, "topic.end", {}, "reserved"),
        (ANN, "typing", "x" * 33_000, "too_large"),
    ],
)
def test_what_may_not_be_whispered_is_refused(
    rung: list[Event], visitor: Visitor, type: str, data: Any, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        submitting.whisper_from(visitor, MAY, "chat.lobby", type, data)
    assert refused.value.code == code
    assert rung == []


def test_a_whisper_carries_who_whispered(rung: list[Event]) -> None:
    submitting.whisper_from(ANN, MAY, "chat.lobby", "typing", {"on": True})
    (event,) = rung
    frame = json.loads(event.frame())
    assert frame.pop("ts") == pytest.approx(event.ts)
    assert frame == {
        "op": "event",
        "topic": "chat.lobby",
        "type": "typing",
        "by": {"id": "g1", "name": 'Ann "A"'},
        "data": {"on": True},
    }
