"""Django's own sign-in and sign-out, users and rows, as websockets that are open see them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers, get_channel_layer
from django.contrib.auth.models import Group, User
from django.contrib.auth.views import LogoutView
from django.contrib.sessions.models import Session
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from channels_celery import settings as ours
from channels_celery import topics
from channels_celery.topics import Visitor, access, hub, rechecking, rights
from channels_celery.topics.access import Access
from tests.integration.topics.publishers import rolled_back
from tests.unit.topics.hub_of_loop import end_hub
from tests.unit.topics.scripted import Socket, connecting, until


def who(request: HttpRequest) -> HttpResponse:
    return HttpResponse(topics.visitor(request).id)


urlpatterns = [path("who/", who), path("leave/", LogoutView.as_view(next_page="/who/"))]
pytestmark = pytest.mark.urls(__name__)


class Everything:
    """A router: users and sessions live in the database under test."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return ours.current().DATABASE

    db_for_write = db_for_read


def mine(visitor: Visitor, owner: str) -> bool:
    return visitor.id == owner


def members(visitor: Visitor, name: str) -> Access:
    allowed = visitor.user.is_authenticated and visitor.user.groups.filter(name=name).exists()
    return Access(read=allowed)


def open_to_all(visitor: Visitor, name: str) -> Access:
    return Access(read=True, publish=("message",))


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_rules", {})
    topics.rule("mine.<slug:owner>")(mine)
    topics.rule("members.<slug:name>")(members)
    topics.rule("open.<slug:name>")(open_to_all)


@pytest.fixture
def site(database: str, settings: Any) -> Client:
    settings.DATABASE_ROUTERS = [f"{__name__}.Everything"]
    return Client()


@pytest.fixture
async def connected(site: Client, no_server: None) -> AsyncIterator[Callable[..., Any]]:
    async with connecting() as connect:

        async def connect_tab(client: Client, *follow: str) -> Socket:
            morsel = client.cookies.get("sessionid")
            return await connect(morsel.value if morsel else None, *follow)

        yield connect_tab
    await end_hub()
    await in_thread(connections.close_all)


async def in_thread(call: Callable[[], Any]) -> Any:
    return await sync_to_async(call)()


async def signed_in(client: Client, name: str = "ann") -> User:
    def sign_in() -> User:
        user = User.objects.create_user(name, password="secret-words")
        assert client.login(username=name, password="secret-words")
        return user

    user: User = await in_thread(sign_in)
    return user


def quick_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights, "ROUND_SECONDS", 0.05)
    monkeypatch.setattr(rights, "LOOK_SECONDS", 0.02)


async def test_log_out_ends_what_the_user_could_read_in_every_tab(
    site: Client, connected: Callable[..., Any]
) -> None:
    ann = await signed_in(site)
    tabs = [await connected(site, f"mine.u{ann.pk}", "open.hall") for _ in range(2)]
    other = Client()
    await in_thread(lambda: other.force_login(ann))
    elsewhere = await connected(other, f"mine.u{ann.pk}")
    assert (await in_thread(lambda: site.post("/leave/"))).status_code == 302
    for tab in tabs:
        await tab.until(lambda tab=tab: tab.denied)
        assert tab.denied == [f"mine.u{ann.pk}"]
        answer = await tab.ask(op="publish", topic="open.hall", mid="m", type="message", data="hi")
        assert answer["code"] == "denied"
    await in_thread(lambda: topics.publish("open.hall", "message", "to all"))
    await in_thread(lambda: topics.publish(f"mine.u{ann.pk}", "message", "to Ann"))
    for tab in tabs:
        await tab.until(lambda tab=tab: tab.said("event"))
        assert [event["topic"] for event in tab.said("event")] == ["open.hall"]
    # Another device is another session.
    await elsewhere.until(lambda: elsewhere.said("event"))
    assert elsewhere.denied == []


async def test_a_log_out_that_was_not_heard_ends_with_the_round(
    site: Client, connected: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await signed_in(site)
    tab = await connected(site, f"mine.u{ann.pk}")
    quick_rounds(monkeypatch)
    await in_thread(Session.objects.all().delete)
    await tab.until(lambda: tab.closed)
    assert tab.closed == 4000
    back = await connected(site)
    assert back.said("welcome")[0]["visitor"] is None
    assert (await back.follow(f"mine.u{ann.pk}"))["code"] == "denied"


async def test_a_guest_who_signs_in_elsewhere_comes_back_as_the_user(
    site: Client, connected: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = (await in_thread(lambda: site.get("/who/"))).content.decode()
    tab = await connected(site, f"mine.{guest}")
    assert tab.said("welcome")[0]["visitor"] == guest
    ann = await signed_in(site)
    quick_rounds(monkeypatch)
    await tab.until(lambda: tab.closed)
    back = await connected(site)
    assert (tab.closed, back.said("welcome")[0]["visitor"]) == (4000, f"u{ann.pk}")


async def test_rounds_leave_alone_whose_rights_go_on(
    site: Client, connected: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await signed_in(site)
    tabs = [await connected(site, f"mine.u{ann.pk}"), await connected(Client(), "open.hall")]
    quick_rounds(monkeypatch)
    hubs = hub.Hub.current()
    first = {connection.sid: connection.asked for connection in hubs.connections}
    await until(lambda: all(one.asked > first[one.sid] + 0.1 for one in hubs.connections))
    assert [tab.closed for tab in tabs] == [None, None]
    assert [tab.denied for tab in tabs] == [[], []]


async def test_a_blocked_user_is_gone_when_told(
    site: Client, connected: Callable[..., Any]
) -> None:
    ann = await signed_in(site)
    tab = await connected(site, f"mine.u{ann.pk}")

    def block() -> None:
        User.objects.update(is_active=False)
        topics.recheck(visitor=f"u{ann.pk}")

    await in_thread(block)
    await tab.until(lambda: tab.closed)
    back = await connected(site)
    assert back.said("welcome")[0]["visitor"] is None


async def test_a_member_who_is_removed_hears_nothing_from_the_commit_on(
    site: Client, connected: Callable[..., Any], database: str
) -> None:
    ann = await signed_in(site)
    group = await in_thread(lambda: Group.objects.create(name="crew"))
    await in_thread(lambda: ann.groups.add(group))
    tab = await connected(site, "members.crew", "open.hall")

    words: list[rechecking.Recheck] = []
    rechecking.listeners.add(asyncio.get_running_loop(), words.append)

    def keep() -> None:
        with rolled_back(database):
            ann.groups.clear()
            topics.recheck(topic="members.crew")

    def remove() -> None:
        with transaction.atomic(using=database):
            topics.recheck(topic="members.crew")
            ann.groups.clear()

    await in_thread(keep)
    assert words == []
    await in_thread(remove)
    await tab.until(lambda: tab.denied)
    assert (len(words), tab.denied) == (1, ["members.crew"])
    rechecking.listeners.remove(words.append)


async def test_hubs_of_other_processes_hear_it_over_redis(
    site: Client, connected: Callable[..., Any], redis_url: str, settings: Any
) -> None:
    backend = "channels_redis.pubsub.RedisPubSubChannelLayer"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": {"hosts": [redis_url]}}}
    channel_layers.backends.clear()
    ann = await signed_in(site)
    tab = await connected(site, f"mine.u{ann.pk}")
    current = hub.Hub.current()
    await until(lambda: rechecking.GROUP in current._listening._member_of)
    layer: Any = get_channel_layer()
    await in_thread(User.objects.all().delete)
    word = rechecking.Recheck(visitor=f"u{ann.pk}", origin="another process")
    await layer.group_send(rechecking.GROUP, {"type": rechecking.TYPE, **asdict(word)})
    await tab.until(lambda: tab.closed)
    await layer.flush()
