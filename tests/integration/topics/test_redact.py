from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from channels_celery import topics
from channels_celery.errors import BadMessage, BadTopic, DatabaseAway
from channels_celery.topics import Access, Visitor, redacting
from channels_celery.topics.events import Event
from channels_celery.topics.publishing import publish_from
from tests.integration.topics.publishers import rolled_back

ANN = Visitor(user=AnonymousUser(), id="g1", name="Ann")
PLAIN = Access(read=True, publish=("message",))


def said(topic: str) -> list[Any]:
    return [event.value for event in topics.read(topic).events]


def test_a_redacted_event_keeps_everything_but_its_data(database: str, rung: list[Event]) -> None:
    for number in (1, 2, 3):
        publish_from(ANN, PLAIN, "chat.a", f"m{number}", "message", {"text": number})
    before = topics.read("chat.a").events
    assert topics.redact("chat.a", 2)
    after = topics.read("chat.a").events
    assert [event.value for event in after] == [{"text": 1}, None, {"text": 3}]
    assert [(e.seq, e.mid, e.type, e.ts, e.by) for e in after] == [
        (e.seq, e.mid, e.type, e.ts, e.by) for e in before
    ]


def test_a_redaction_is_not_announced_and_no_reader_loses_its_place(
    database: str, rung: list[Event]
) -> None:
    topics.publish("chat.a", "message", "hi")
    at = topics.position("chat.a")
    rung.clear()
    assert topics.redact("chat.a", 1)
    assert topics.redact("chat.a", 1)
    assert rung == []
    assert topics.position("chat.a") == at
    page = topics.read("chat.a", since=at)
    assert (page.reason, page.events) == (None, ())


def test_a_redaction_touches_one_event_of_one_topic(database: str, rung: list[Event]) -> None:
    for topic in ("chat.a", "chat.b"):
        for text in ("one", "two"):
            topics.publish(topic, "message", text)
    assert topics.redact("chat.a", 1)
    assert (said("chat.a"), said("chat.b")) == ([None, "two"], ["one", "two"])


def test_a_redaction_is_part_of_the_callers_transaction(database: str, changed: list[str]) -> None:
    topics.publish("chat.a", "message", "one")
    with rolled_back(database):
        assert topics.redact("chat.a", 1)
    assert said("chat.a") == ["one"]
    with transaction.atomic(using=database):
        topics.redact("chat.a", 1)
        topics.publish("chat.a", "message.deleted", {"seq": 1})
        assert changed == []
    # Hubs forget what they remember of it.
    assert changed == ["chat.a"]
    assert said("chat.a") == [None, {"seq": 1}]


def test_what_the_log_does_not_have_can_not_be_redacted(database: str, rung: list[Event]) -> None:
    topics.publish("chat.a", "message", "one")
    assert not topics.redact("chat.a", 2)
    assert not topics.redact("chat.a", 0)
    assert not topics.redact("chat.none", 1)


def test_a_message_sent_again_after_its_redaction_stays_redacted(
    database: str, rung: list[Event]
) -> None:
    publish_from(ANN, PLAIN, "chat.a", "m1", "message", "oops")
    topics.redact("chat.a", 1)
    again = publish_from(ANN, PLAIN, "chat.a", "m1", "message", "oops")
    assert (again.duplicate, again.event.seq) == (True, 1)
    assert said("chat.a") == [None]


@pytest.mark.parametrize("seq", [None, True, "1", 1.0])
def test_a_wrong_number_is_named(seq: Any) -> None:
    with pytest.raises(BadMessage, match="expected the number of an event"):
        topics.redact("chat.a", seq)
    with pytest.raises(BadTopic):
        topics.redact("no topic", 1)


def test_a_database_that_is_away_is_said(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(topic: str, seq: int) -> bool:
        from django.db import OperationalError

        raise OperationalError("gone")

    monkeypatch.setattr(redacting, "_empty", gone)
    with pytest.raises(DatabaseAway):
        topics.redact("chat.a", 1)
