from __future__ import annotations

from http.cookies import Morsel
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from channels_celery import topics
from channels_celery.topics import visitors


def who(request: HttpRequest) -> HttpResponse:
    visitor = topics.visitor(request)
    return HttpResponse(f"{visitor.id} {visitor.name}")


def leave(request: HttpRequest) -> HttpResponse:
    return HttpResponse("nobody asked")


urlpatterns = [path("who/", who), path("leave/", leave)]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def scope(cookies: dict[str, Morsel[str]]) -> dict[str, Any]:
    header = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
    return {"type": "websocket", "headers": [(b"host", b"x"), (b"cookie", header.encode())]}


def seen(client: Client) -> topics.Visitor:
    return visitors.visitor_of_scope(scope(client.cookies))


def asked(client: Client) -> tuple[str, str]:
    identity, _, name = client.get("/who/").content.decode().partition(" ")
    return identity, name


@pytest.fixture
def ann() -> User:
    return User.objects.create_user("ann@example.org", password="secret-words")


def test_a_guest_keeps_its_id_and_a_readable_name(client: Client) -> None:
    identity, name = asked(client)
    assert identity.startswith("g")
    assert name == f"Guest {identity[1:5]}"
    assert asked(client) == (identity, name)
    assert asked(Client())[0] != identity


def test_a_socket_sees_the_guest_of_the_page(client: Client) -> None:
    identity, name = asked(client)
    visitor = seen(client)
    assert (visitor.id, visitor.name) == (identity, name)
    assert not visitor.user.is_authenticated


def test_who_was_never_asked_has_no_id(client: Client) -> None:
    client.get("/leave/")
    assert not client.cookies
    assert seen(client).id is None
    assert visitors.visitor_of_scope({"type": "websocket", "headers": []}).id is None


def test_a_user_is_known_by_key_and_not_by_address(client: Client, ann: User) -> None:
    client.force_login(ann)
    assert asked(client) == (f"u{ann.pk}", "ann")
    visitor = seen(client)
    assert (visitor.user, visitor.id, visitor.name) == (ann, f"u{ann.pk}", "ann")


def test_a_key_that_no_column_of_ids_holds_is_told_by_its_digest() -> None:
    one, other = (User(pk=end.rjust(200, "k"), username="ann") for end in "ab")
    ids = [visitors.signed_in(user).id or "" for user in (one, other, one)]
    assert [len(identity) for identity in ids] == [41, 41, 41]
    assert ids[0] == ids[2] != ids[1]
    assert visitors.signed_in(User(pk="k" * 63, username="ann")).id == "u" + "k" * 63


def test_the_session_keeps_the_guests_id_at_sign_in(client: Client, ann: User) -> None:
    identity, _ = asked(client)
    key = client.session.session_key
    client.post("/leave/")
    assert client.login(username="ann@example.org", password="secret-words")
    assert client.session.session_key != key
    assert asked(client)[0] == f"u{ann.pk}"
    assert client.session[visitors.SESSION_KEY] == identity


def test_after_log_out_a_socket_is_nobody(client: Client, ann: User) -> None:
    client.force_login(ann)
    cookies = dict(client.cookies)
    client.logout()
    assert visitors.visitor_of_scope(scope(cookies)).id is None


def test_a_changed_password_ends_the_session_for_sockets(client: Client, ann: User) -> None:
    client.force_login(ann)
    ann.set_password("other-words")
    ann.save()
    assert seen(client).id is None


def test_a_session_signed_with_an_old_secret_still_holds_and_keeps_its_key(
    client: Client, ann: User, settings: Any
) -> None:
    client.force_login(ann)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the-next-one"
    before = list(Session.objects.values_list("session_key", "session_data"))
    assert seen(client).id == f"u{ann.pk}"
    # A new key could not reach the browser, which would be signed out.
    assert list(Session.objects.values_list("session_key", "session_data")) == before


def test_a_stale_or_made_up_cookie_is_nobody_and_writes_nothing(client: Client) -> None:
    client.cookies["sessionid"] = "a" * 32
    assert seen(client).id is None
    client.cookies["sessionid"] = "x"
    assert seen(client).id is None
    assert not Session.objects.exists()


@pytest.mark.parametrize("made_up", ["u1", "admin", "", 7, None, "g" + "0" * 21])
def test_only_ids_that_we_made_are_guests(client: Client, made_up: Any) -> None:
    session = client.session
    session[visitors.SESSION_KEY] = made_up
    session.save()
    client.cookies["sessionid"] = str(session.session_key)
    assert seen(client).id is None


def test_a_user_that_a_stack_above_has_set_is_taken(ann: User) -> None:
    visitor = visitors.visitor_of_scope({"headers": [], "user": ann})
    assert visitor.id == f"u{ann.pk}"


def test_a_session_that_a_stack_above_has_set_is_taken(client: Client) -> None:
    identity, _ = asked(client)
    visitor = visitors.visitor_of_scope({"headers": [], "session": client.session})
    assert visitor.id == identity


def test_cookies_may_come_in_several_headers(client: Client) -> None:
    identity, _ = asked(client)
    headers = [
        (b"cookie", b"a=b"),
        (b"cookie", client.cookies["sessionid"].OutputString().encode()),
    ]
    assert visitors.visitor_of_scope({"headers": headers}).id == identity
