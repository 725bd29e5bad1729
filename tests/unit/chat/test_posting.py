from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection

from channels_celery import topics
from channels_celery.topics import Refused, Visitor
from channels_celery.topics.access import access_of
from realtime.chat import forgetting, posting
from realtime.chat.models import TEXT_LENGTH, Message, Room
from realtime.pace import Pace
from tests.unit.chat.conversation import Conversation


def refusal(lobby: Conversation, visitor: Visitor, type: str, data: Any) -> str:
    with pytest.raises(Refused) as caught:
        lobby.publish(visitor, type, data)
    return caught.value.code


def test_a_message_is_a_row_and_an_event_of_one_author(lobby: Conversation, ann: Visitor) -> None:
    said = lobby.say(ann, "Hello")
    row = Message.objects.get()
    assert (str(row.pk), row.text, row.author, row.author_name) == (
        said["id"],
        "Hello",
        "g1",
        "Ann",
    )
    assert lobby.log() == [("message", said)]
    assert lobby.authors() == [{"id": "g1", "name": "Ann"}]


def test_messages_are_numbered_by_room(lobby: Conversation, ann: Visitor, bob: Visitor) -> None:
    Room.objects.create(slug="attic", name="Attic")
    numbers = [lobby.say(who, "Hi")["number"] for who in (ann, bob, ann)]
    assert numbers == [1, 2, 3]
    assert Conversation("attic").say(bob, "Hi")["number"] == 1
    assert Room.objects.get(pk="lobby").last == 3


def test_the_author_in_a_message_is_not_believed(lobby: Conversation, ann: Visitor) -> None:
    data = {"id": str(uuid4()), "text": "Hi", "author": "g2", "by": {"id": "g2"}, "number": 99}
    lobby.publish(ann, "message", data)
    row = Message.objects.get()
    assert (row.author, row.number) == ("g1", 1)
    assert lobby.authors() == [{"id": "g1", "name": "Ann"}]


def test_a_message_sent_twice_is_one(lobby: Conversation, ann: Visitor) -> None:
    data = {"id": str(uuid4()), "text": "Hi"}
    first = lobby.publish(ann, "message", data, mid="a")
    assert lobby.publish(ann, "message", data, mid="a").duplicate
    # Under another mid, as when somebody presses "Send again" though it had arrived.
    again = lobby.publish(ann, "message", data, mid="b")
    assert again.event.value == first.event.value
    assert Message.objects.count() == 1


def test_who_writes_faster_than_a_person_waits_and_loses_nothing(
    lobby: Conversation, ann: Visitor, bob: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "PACE", Pace("few", times=2, seconds=60))
    monkeypatch.setattr("realtime.pace.time", lambda: 90.0)
    said = lobby.say(ann, "One")
    lobby.edit(ann, said, "Two")
    data = {"id": str(uuid4()), "text": "Three"}
    with pytest.raises(Refused, match=r"^too_many: too much at once\. Try again in \d+ s\.$"):
        lobby.publish(ann, "message", data)
    assert Message.objects.count() == 1
    lobby.say(bob, "Three")
    cache.clear()
    lobby.publish(ann, "message", data)
    assert Message.objects.count() == 3


def test_an_id_of_somebody_elses_message_is_refused(
    lobby: Conversation, ann: Visitor, bob: Visitor
) -> None:
    said = lobby.say(ann, "Mine")
    data = {"id": said["id"], "text": "Yours"}
    assert refusal(lobby, bob, "message", data) == "denied"
    Room.objects.create(slug="attic", name="Attic")
    assert refusal(Conversation("attic"), ann, "message", data) == "gone"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("Hi", "bad_request"),
        ({"text": "Hi"}, "bad_request"),
        ({"id": 7, "text": "Hi"}, "bad_request"),
        ({"id": str(uuid4())}, "bad_request"),
        ({"id": str(uuid4()), "text": " \n "}, "bad_request"),
        ({"id": str(uuid4()), "text": ["Hi"]}, "bad_request"),
        ({"id": str(uuid4()), "text": "x" * (TEXT_LENGTH + 1)}, "too_large"),
    ],
)
def test_what_is_no_message_is_refused(
    lobby: Conversation, ann: Visitor, data: Any, code: str
) -> None:
    assert refusal(lobby, ann, "message", data) == code
    assert lobby.log() == []
    assert not Message.objects.exists()


def test_the_longest_message_fits_an_event(lobby: Conversation, ann: Visitor) -> None:
    assert lobby.say(ann, "\N{GRINNING FACE}" * TEXT_LENGTH)["number"] == 1


def test_a_change_is_heard_and_the_first_text_is_nowhere(lobby: Conversation, ann: Visitor) -> None:
    said = lobby.say(ann, "A secret")
    lobby.edit(ann, said, "Hello")
    changed = {**said, "text": "Hello", "edited": True, "version": 2}
    assert lobby.log() == [("message", None), ("message.edited", changed)]
    lobby.edit(ann, said, "Hello again")
    assert [data for _, data in lobby.log()] == [
        None,
        None,
        {**changed, "text": "Hello again", "version": 3},
    ]
    assert Message.objects.get().text == "Hello again"


def test_a_deleted_message_keeps_its_place_and_loses_its_text(
    lobby: Conversation, ann: Visitor, bob: Visitor
) -> None:
    said, other = lobby.say(ann, "A secret"), lobby.say(bob, "Hi")
    lobby.delete(ann, said)
    gone = {**said, "text": "", "deleted": True, "version": 2}
    assert lobby.log() == [("message", None), ("message", other), ("message.deleted", gone)]
    assert Message.objects.get(number=1).text == ""


def test_only_the_author_changes_or_deletes(
    lobby: Conversation, ann: Visitor, bob: Visitor
) -> None:
    said = lobby.say(ann, "Hi")
    assert refusal(lobby, bob, "message.edited", {"id": said["id"], "text": "No"}) == "denied"
    assert refusal(lobby, bob, "message.deleted", {"id": said["id"]}) == "denied"
    assert lobby.log() == [("message", said)]


def test_what_is_deleted_stays_so(lobby: Conversation, ann: Visitor) -> None:
    said = lobby.say(ann, "Hi")
    lobby.delete(ann, said)
    again = {"id": said["id"], "text": "Hi"}
    for type in ("message", "message.edited", "message.deleted"):
        assert refusal(lobby, ann, type, again) == "gone"


def test_the_event_to_empty_is_found_behind_many_others(
    lobby: Conversation, ann: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "PAGE", 2)
    for number in range(5):
        topics.publish(lobby.topic, "notice", {"n": number})
    said = lobby.say(ann, "A secret")
    Message.objects.update(after=0)
    lobby.delete(ann, said)
    assert ("message", said) not in lobby.log()


def test_the_event_to_empty_is_found_where_the_log_begins_later(
    lobby: Conversation, ann: Visitor
) -> None:
    lobby.say(ann, "One")
    said = lobby.say(ann, "A secret")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM channels_celery_event WHERE seq = 1")
        cursor.execute("UPDATE channels_celery_topic SET trimmed_to = 1")
    Message.objects.update(after=0)
    lobby.delete(ann, said)
    assert [data["text"] if data else data for _, data in lobby.log()] == [None, ""]


def test_an_event_that_a_crash_left_without_its_place_is_emptied_too(
    lobby: Conversation, ann: Visitor
) -> None:
    said = lobby.say(ann, "A secret")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE channels_celery_event SET seq = NULL")
        cursor.execute("UPDATE channels_celery_topic SET seq = 0")
    lobby.delete(ann, said)
    assert [data["text"] if data else data for _, data in lobby.log()] == [None, ""]


def test_a_message_whose_event_is_gone_can_be_deleted(lobby: Conversation, ann: Visitor) -> None:
    said = lobby.say(ann, "Old")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM channels_celery_event")
        cursor.execute("UPDATE channels_celery_topic SET trimmed_to = seq")
    lobby.delete(ann, said)
    assert [type for type, _ in lobby.log()] == ["message.deleted"]


def test_a_room_that_nobody_opened_is_closed_to_all(lobby: Conversation, ann: Visitor) -> None:
    access = access_of(ann, "chat.cellar")
    assert not access.read
    assert refusal(Conversation("cellar"), ann, "message", {"id": str(uuid4())}) == "denied"


def test_without_a_session_one_reads_and_writes_nothing(lobby: Conversation, ann: Visitor) -> None:
    nobody = Visitor(user=ann.user, id=None, name="Guest")
    assert access_of(nobody, lobby.topic).read
    data = {"id": str(uuid4()), "text": "Hi"}
    assert refusal(lobby, nobody, "message", data) == "denied"


def test_the_server_s_own_types_are_refused(lobby: Conversation, ann: Visitor) -> None:
    assert refusal(lobby, ann, "job.succeeded", {"job": "1"}) == "reserved"
    assert refusal(lobby, ann, "room.opened", {"room": "x"}) == "denied"
