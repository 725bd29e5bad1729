from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from channels_celery import topics
from channels_celery.topics import Visitor
from realtime.chat import history, rooms
from realtime.chat.models import NAME_LENGTH, Message, Room
from realtime.pace import Pace
from tests.unit.chat.conversation import Conversation

JSON = {"Accept": "application/json"}


def messages(client: Client, query: str = "") -> Any:
    answer = client.get(f"/chat/lobby/{query}", headers=JSON)
    assert answer.status_code == 200
    return answer.json()


def test_a_room_shows_its_messages_as_text(
    client: Client, lobby: Conversation, ann: Visitor
) -> None:
    lobby.say(ann, "<script>alert(1)</script>")
    page = client.get("/chat/lobby/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page


def test_a_page_carries_the_position_that_its_messages_have(
    client: Client, lobby: Conversation, ann: Visitor
) -> None:
    lobby.say(ann, "Hi")
    top = topics.position(lobby.topic)
    page = client.get("/chat/lobby/").content.decode()
    assert f'data-topic="chat.lobby" data-epoch="{top.epoch}" data-seq="1"' in page
    assert messages(client)["position"] == {"epoch": top.epoch, "seq": 1, "mid": top.mid}


def test_history_is_paged_back_without_a_hole(
    client: Client, lobby: Conversation, ann: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGE", 3)
    for number in range(1, 8):
        lobby.say(ann, f"No. {number}")
    newest = messages(client)
    assert [message["number"] for message in newest["messages"]] == [5, 6, 7]
    assert newest["more"] is True
    middle = messages(client, "?before=5")
    assert [message["number"] for message in middle["messages"]] == [2, 3, 4]
    oldest = messages(client, "?before=2")
    assert [message["text"] for message in oldest["messages"]] == ["No. 1"]
    assert oldest["more"] is False


def test_a_message_in_history_is_as_in_its_event(
    client: Client, lobby: Conversation, ann: Visitor
) -> None:
    said = lobby.say(ann, "Hi")
    (message,) = messages(client)["messages"]
    assert message == {**said, "by": {"id": "g1", "name": "Ann"}}


@pytest.mark.parametrize("before", ["x", "-1", "", "1.5", "٣"])
def test_a_place_that_is_no_number_is_refused(client: Client, before: str) -> None:
    assert client.get("/chat/lobby/", {"before": before}).status_code == 400


def test_a_room_is_opened_once_and_announced(client: Client) -> None:
    answer = client.post("/chat/", {"name": "  Night   Owls "})
    assert answer.headers["Location"] == "/chat/night-owls/"
    assert Room.objects.get(pk="night-owls").name == "Night Owls"
    (event,) = topics.read("rooms").events
    assert event.type == "room.opened"
    assert event.value == {
        "room": "night-owls",
        "name": "Night Owls",
        "number": 0,
        "url": "/chat/night-owls/",
    }
    again = client.post("/chat/", {"name": "night owls"})
    assert again.headers["Location"] == "/chat/night-owls/"
    assert len(topics.read("rooms").events) == 1


def test_a_name_without_latin_letters_gets_an_address_of_its_own(client: Client) -> None:
    one = client.post("/chat/", {"name": "غرفة"}).headers["Location"]
    other = client.post("/chat/", {"name": "部屋"}).headers["Location"]
    assert one != other
    assert client.post("/chat/", {"name": "غرفة"}).headers["Location"] == one
    assert client.get(one).status_code == 200


@pytest.mark.parametrize("name", ["", "   ", "x" * (NAME_LENGTH + 1)])
def test_a_name_that_does_not_fit_is_said_on_the_page(client: Client, name: str) -> None:
    answer = client.post("/chat/", {"name": name})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert set(Room.objects.values_list("pk", flat=True)) == {"lobby"}


def test_who_opens_rooms_by_the_dozen_waits_and_may_enter_all_others(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "PACE", Pace("few", times=1, seconds=3600))
    monkeypatch.setattr("realtime.pace.time", lambda: 1_800.0)
    client.post("/chat/", {"name": "Attic"})
    refused = client.post("/chat/", {"name": "Cellar"})
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert "Open the next one in" in refused.content.decode()
    assert 'value="Cellar"' in refused.content.decode()
    # Another guest's id costs nothing.
    assert Client().post("/chat/", {"name": "Cellar"}).status_code == 429
    assert client.post("/chat/", {"name": "attic"}).status_code == 302


def test_a_room_that_nobody_opened_offers_to_open_it(client: Client) -> None:
    answer = client.get("/chat/cellar/")
    assert answer.status_code == 404
    assert 'value="cellar"' in answer.content.decode()


def test_the_liveliest_room_is_first(client: Client, lobby: Conversation, ann: Visitor) -> None:
    client.post("/chat/", {"name": "Attic"})
    assert [room.slug for room in rooms.newest()] == ["attic", "lobby"]
    lobby.say(ann, "Hi")
    assert [room.slug for room in rooms.newest()] == ["lobby", "attic"]


def test_opening_needs_the_sites_own_form(lobby: Conversation) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/chat/", {"name": "Attic"}).status_code == 403


def test_what_a_guest_wrote_becomes_the_accounts_at_sign_in(
    client: Client, lobby: Conversation, bob: Visitor
) -> None:
    client.get("/chat/lobby/")
    guest = client.session["channels_celery_visitor"]
    said = lobby.say(Visitor(user=None, id=guest, name="Guest"), "Hi")
    lobby.say(bob, "Not mine")
    user = User.objects.create_user("ann@example.org", password="secret")
    client.force_login(user)
    row = Message.objects.get(pk=said["id"])
    assert (row.author, row.author_name) == (f"u{user.pk}", "ann")
    assert Message.objects.get(text="Not mine").author == "g2"
    lobby.delete(Visitor(user=user, id=f"u{user.pk}", name="ann"), said)
    assert Message.objects.get(pk=said["id"]).text == ""
