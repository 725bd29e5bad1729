"""The room's table and its topic tell the same story, whoever writes at the same moment."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from channels_celery import topics
from channels_celery.topics import Refused, Visitor
from realtime.chat.models import Message, Room
from tests.integration.topics.publishers import side_by_side
from tests.unit.chat.conversation import Conversation

PEOPLE = [Visitor(user=AnonymousUser(), id=f"g{n}", name=f"Guest {n}") for n in range(4)]


class Router:
    """The chat on the database under test."""

    def __init__(self, alias: str) -> None:
        self.db_for_read = self.db_for_write = lambda model, **hints: alias


@pytest.fixture
def lobby(database: str, settings: Any) -> Conversation:
    settings.DATABASE_ROUTERS = [Router(database)]
    Room.objects.get_or_create(slug="lobby", defaults={"name": "Lobby"})
    return Conversation("lobby")


def test_messages_are_numbered_in_the_order_of_their_events(lobby: Conversation) -> None:
    def write(person: Visitor) -> None:
        for number in range(10):
            lobby.say(person, f"{person.name} {number}")

    side_by_side(*(partial(write, person) for person in PEOPLE))
    assert [data["number"] for _, data in lobby.log()] == list(range(1, 41))
    rows = Message.objects.order_by("number").values_list("text", flat=True)
    assert [data["text"] for _, data in lobby.log()] == list(rows)


def test_the_last_of_several_changes_is_the_one_that_stays(lobby: Conversation) -> None:
    ann = PEOPLE[0]
    said = lobby.say(ann, "A secret")
    side_by_side(*(partial(lobby.edit, ann, said, f"Version {n}") for n in range(4)))
    texts = [data["text"] for _, data in lobby.log() if data]
    assert texts == [Message.objects.get().text]
    assert len(lobby.log()) == 5


def test_a_change_and_a_deletion_at_once_leave_no_text(lobby: Conversation) -> None:
    ann = PEOPLE[0]
    said = lobby.say(ann, "A secret")

    def change() -> None:
        with suppress(Refused):
            lobby.edit(ann, said, "Another secret")

    side_by_side(change, partial(lobby.delete, ann, said))
    assert [data["text"] for _, data in lobby.log() if data] == [""]
    assert Message.objects.get().text == ""


def test_a_message_that_is_refused_leaves_no_event_and_no_number(lobby: Conversation) -> None:
    said = lobby.say(PEOPLE[0], "Mine")
    with pytest.raises(Refused):
        lobby.publish(PEOPLE[1], "message", {"id": said["id"], "text": "Yours"})
    assert len(topics.read(lobby.topic).events) == 1
    assert Room.objects.get().last == 1
    assert lobby.say(PEOPLE[1], "Yours")["number"] == 2
