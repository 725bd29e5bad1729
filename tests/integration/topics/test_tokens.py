"""Bearer tokens: what a program may do with one, and when it ends."""

from __future__ import annotations

import json
import math
import time
from collections.abc import AsyncIterator
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.management import CommandError, call_command
from django.db import connections
from django.http import HttpRequest
from django.test import RequestFactory

from channels_celery import send, topics
from channels_celery.errors import BadOption, BadTopic
from channels_celery.jobs import views
from channels_celery.topics import Refused, access, connection, tokens, visitors
from channels_celery.topics.access import access_of
from tests.integration.topics.test_ended_rights import in_thread
from tests.unit.topics.hub_of_loop import end_hub
from tests.unit.topics.scripted import Socket

GUEST = "g0123456789abcdef0123"


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_rules", {})
    topics.rule("mine.<slug:owner>")(lambda visitor, owner: visitor.id == owner)
    topics.rule("open.<slug:name>")(lambda visitor, name: topics.Access(read=True, publish=("m",)))


@pytest.fixture
def ann(transactional_db: None) -> User:
    return User.objects.create_user("ann", password="secret-words")


def of(user: User | None, *reach: str, seconds: float = 60) -> str:
    who = visitors.guest(GUEST) if user is None else visitors.signed_in(user)
    return topics.token(who, topics=reach or ("mine.*", "open.hall"), seconds=seconds)


def scope(token: str, **more: Any) -> dict[str, Any]:
    headers = [(b"authorization", f"Bearer {token}".encode())]
    return {"type": "websocket", "headers": headers, **more}


def refused(token: str) -> str:
    with pytest.raises(Refused) as raised:
        visitors.visitor_of_scope(scope(token))
    assert raised.value.code == tokens.CODE
    return raised.value.reason


def test_a_token_is_its_visitor_on_its_topics_where_a_rule_says_so(ann: User) -> None:
    visitor = visitors.visitor_of_scope(scope(of(ann)))
    assert (visitor.id, visitor.name, visitor.user) == (f"u{ann.pk}", "ann", ann)
    asked = [
        f"mine.u{ann.pk}",
        "mine.u0",
        "open.hall",
        "open.hall2",
        "open.other",
        "mine",
        "none.x",
    ]
    assert [access_of(visitor, topic).read for topic in asked] == [
        True, False, True, False, False, False, False,
    ]  # fmt: skip
    assert access_of(visitor, "open.hall").publish == ("m",)
    assert access_of(visitor, "open.other").publish == ()


def test_a_guest_s_token_needs_no_user(transactional_db: None) -> None:
    visitor = visitors.visitor_of_scope(scope(of(None)))
    assert (visitor.id, visitor.name) == (GUEST, "Guest 0123")
    assert not visitor.user.is_authenticated


def test_a_token_ends(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    token = of(ann, seconds=60)
    monkeypatch.setattr(time, "time", lambda now=time.time(): now + 61)  # noqa: B008
    assert "ended" in refused(token)


def test_what_is_not_signed_here_is_nobody_s(ann: User, settings: Any) -> None:
    token = of(ann)
    for wrong in (token[:-2] + "xx", "cct_", "", token.replace("cct_", "cct_a"), "é"):
        assert "no token of this site" in refused(wrong)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert visitors.visitor_of_scope(scope(token)).id == f"u{ann.pk}"
    settings.SECRET_KEY_FALLBACKS = []
    assert "no token of this site" in refused(token)


@pytest.mark.parametrize("change", ["password", "blocked", "gone"])
def test_a_user_who_changes_ends_all_tokens(ann: User, change: str) -> None:
    token = of(ann)
    if change == "password":
        ann.set_password("other-words")
        ann.save()
    elif change == "blocked":
        User.objects.update(is_active=False)
    else:
        User.objects.all().delete()
    assert "changed" in refused(token)


def test_other_systems_credentials_are_left_to_them(ann: User) -> None:
    headers = [(b"authorization", b"Basic YTpi")]
    assert visitors.visitor_of_scope({"type": "websocket", "headers": headers}).id is None
    stacked = scope("eyJ.a.b", user=ann)
    assert visitors.visitor_of_scope(stacked).id == f"u{ann.pk}"
    assert visitors.visitor_of_scope(scope(of(None), user=ann)).id == GUEST
    in_url = {"type": "websocket", "headers": [], "query_string": f"token={of(ann)}".encode()}
    assert visitors.visitor_of_scope(in_url).id is None


def test_a_token_that_can_not_be_is_not_made(ann: User) -> None:
    nobody = topics.Visitor(user=AnonymousUser(), id=None, name="Guest")
    who = visitors.signed_in(ann)
    for wrong in ((), "images.*"):
        with pytest.raises(BadOption, match="expected a tuple"):
            topics.token(who, topics=wrong)
    for seconds in (0, math.inf, math.nan):
        with pytest.raises(BadOption, match="above 0"):
            topics.token(who, topics=("a",), seconds=seconds)
    with pytest.raises(BadOption, match="with an id"):
        topics.token(nobody, topics=("a",))
    for topic in ("*", "images*", "a.*.b", ""):
        with pytest.raises(BadTopic):
            topics.token(who, topics=(topic,))


def test_the_snapshot_of_a_job_takes_a_token(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels_celery.jobs.hints.publish", lambda hint, seconds=0.0: None)
    job = send("thumbnailer", {}, topic=f"mine.u{ann.pk}").id

    def get(token: str, user: Any = None) -> Any:
        request: HttpRequest = RequestFactory().get("/", headers={"Authorization": token})
        request.user = user or AnonymousUser()
        return views.job(request, job)

    assert get(f"Bearer {of(ann)}").status_code == 200
    assert get(f"Bearer {of(ann, 'open.*')}").status_code == 404
    assert get("Basic YTpi").status_code == 404
    wrong = get("Bearer cct_x")
    assert (wrong.status_code, wrong["WWW-Authenticate"]) == (401, "Bearer")
    assert json.loads(wrong.content)["error"]["code"] == "credentials"
    # A project's own tokens, which its middleware has read.
    assert get("Bearer eyJ.a.b", ann).status_code == 200
    assert get("Bearer cct_x", ann).status_code == 401


def test_views_that_ask_no_rule_know_no_tokens(ann: User) -> None:
    token = f"Bearer {of(ann)}"
    request = RequestFactory().get("/", headers={"Authorization": token})
    request.session = {}  # type: ignore[assignment]
    assert topics.visitor(request).id != f"u{ann.pk}"


def test_the_command_makes_one(ann: User) -> None:
    out = StringIO()
    call_command("topics", "token", "--user", "ann", "--topic", "mine.*", stdout=out)
    call_command("topics", "token", "--guest", GUEST, "--topic", "open.hall", stdout=out)
    made = [visitors.visitor_of_scope(scope(line)) for line in out.getvalue().split()]
    assert [one.id for one in made] == [f"u{ann.pk}", GUEST]
    assert [one.reach for one in made] == [("mine.*",), ("open.hall",)]
    with pytest.raises(CommandError, match="no user"):
        call_command("topics", "token", "--user", "bob", "--topic", "mine.*")
    with pytest.raises(CommandError, match="with an id"):
        call_command("topics", "token", "--guest", "x", "--topic", "mine.*")


@pytest.fixture
async def sockets(ann: User, no_server: None) -> AsyncIterator[list[Socket]]:
    opened: list[Socket] = []
    yield opened
    for socket in opened:
        await socket.end()
    await end_hub()
    await in_thread(connections.close_all)


async def test_a_socket_lives_as_long_as_its_token(
    ann: User, sockets: list[Socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def connect(token: str) -> Socket:
        sockets.append(await Socket(**scope(token)).open())
        return sockets[-1]

    wrong = await connect("cct_wrong")
    assert (wrong.closed, wrong.frames[-1]["op"], wrong.frames[-1]["retry_ms"]) == (4501, "bye", 0)
    short, long = await connect(of(ann, seconds=60)), await connect(of(ann, seconds=600))
    assert short.said("welcome")[0]["visitor"] == f"u{ann.pk}"
    for socket in (short, long):
        assert (await socket.follow(f"mine.u{ann.pk}"))["op"] == "subscribed"
        assert (await socket.follow("open.other"))["code"] == "denied"
    answer = await long.ask(op="publish", topic="open.hall", mid="m", type="m", data=1)
    assert answer["op"] == "ok"
    # No round is waited for, nor the database.
    monkeypatch.setattr(connection, "time", SimpleNamespace(time=lambda: time.time() + 61))
    await short.until(lambda: short.closed)
    assert short.closed == 4501
    assert long.closed is None
