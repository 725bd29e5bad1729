"""The end of a topic's life, and what its readers are told."""

from __future__ import annotations

import pytest
from django.db import transaction

from channels_celery import topics
from channels_celery.database import session
from channels_celery.errors import BadTopic
from channels_celery.topics import deleting, trimming
from channels_celery.topics.models import Event as EventRow
from channels_celery.topics.models import Topic
from tests.integration.topics.publishers import rolled_back, sequence

pytestmark = pytest.mark.usefixtures("changed")


def publish(topic: str, count: int) -> topics.Position:
    for number in range(count):
        topics.publish(topic, "message", number, key=f"k{number}")
    return topics.position(topic)


def test_a_deleted_log_is_gone_and_its_next_life_is_another(
    database: str, changed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trimming, "CHUNK", 2)
    before, other = publish("chat.a", 5), publish("chat.b", 2)
    assert topics.delete("chat.a")
    assert not topics.delete("chat.a")
    assert not EventRow.objects.using(database).filter(topic="chat.a").exists()
    assert not Topic.objects.using(database).filter(name="chat.a").exists()
    assert topics.read("chat.a", before).reason == "epoch"
    # Its keys are forgotten with it.
    after = publish("chat.a", 5)
    assert (after.seq, after.epoch == before.epoch) == (5, False)
    assert topics.read("chat.a", before).reason == "epoch"
    assert topics.position("chat.b") == other
    assert changed == ["chat.a", "chat.a"]


def test_a_deletion_in_a_transaction_is_its_part(database: str, changed: list[str]) -> None:
    before = publish("chat.a", 2)
    with rolled_back(database):
        assert topics.delete("chat.a")
    assert topics.position("chat.a") == before
    with transaction.atomic(using=database):
        topics.publish("chat.a", "message", "not numbered yet")
        topics.delete("chat.a")
        topics.publish("chat.a", "message", "the first again")
    page = topics.read("chat.a")
    assert [(event.seq, event.value) for event in page.events] == [(1, "the first again")]
    assert page.top.epoch != before.epoch
    assert changed == ["chat.a"]


def test_what_a_broken_deletion_left_is_read_by_nobody_and_removed(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = publish("chat.a", 5)
    monkeypatch.setattr(deleting, "_clear", lambda *args: None)
    topics.delete("chat.a")
    assert topics.read("chat.a").events == ()
    assert topics.read("chat.a", before).reason == "epoch"
    topics.publish("chat.a", "message", "new")
    assert [event.seq for event in topics.read("chat.a").events] == [6]
    topics.delete("chat.b")
    with session() as current:
        trimming.trim(current, "", 60.0)
    assert sequence(database, "chat.a") == [6]


def test_a_deleted_log_s_row_that_was_left_goes_with_the_next_pass(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("chat.a", 5)
    monkeypatch.setattr(deleting, "_clear", lambda *args: None)
    topics.delete("chat.a")
    with session() as current:
        trimming.trim(current, "", 60.0)
        trimming.trim(current, "", 60.0)
    assert not Topic.objects.using(database).exists()
    assert not EventRow.objects.using(database).exists()


def test_a_renewed_log_keeps_its_events_and_is_another(database: str, changed: list[str]) -> None:
    before, other = publish("chat.a", 2), publish("chat.b", 1)
    assert deleting.renew("chat.a")
    assert not deleting.renew("chat.none")
    assert topics.read("chat.a", before).reason == "epoch"
    assert len(topics.read("chat.a").events) == 2
    assert topics.read("chat.b", other).reason is None
    assert deleting.renew_all() == 2
    assert topics.read("chat.b", other).reason == "epoch"
    with pytest.raises(BadTopic):
        deleting.renew("no topic")
    # Of a topic without a log nobody knows anything; of all at once hubs hear by their sweep.
    assert changed == ["chat.a", "chat.none"]
