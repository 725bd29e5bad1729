"""A right that ends, ends: at once when a hub is told, with the next round when it is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from channels_celery import topics
from channels_celery.database import STATEMENT_TIMEOUT_SECONDS
from channels_celery.topics import rechecking, rights, sessions
from channels_celery.topics.access import Access, Refused, Visitor
from channels_celery.topics.hub import Hub
from channels_celery.topics.presence import Present
from channels_celery.topics.rechecking import Recheck

from .rules import NOTHING, READ, Rules
from .scripted import Socket, sign_out, until


async def answered(socket: Socket) -> None:
    """What was said until now has been heard, and what follows from it was told."""
    await socket.ask(op="unsubscribe", topic="none")


async def test_a_signed_out_socket_keeps_only_what_nobody_may_read_too(
    rules: Rules, connected: Callable[..., Any]
) -> None:
    ann = await connected("ann-key", "mine.1", "open.1")
    tab = await connected("ann-key", "mine.2")
    bob = await connected("bob-key", "open.1")
    sign_out("ann-key")
    await ann.until(lambda: ann.denied)
    await tab.until(lambda: tab.denied)
    topics.whisper("open.1", "typing", {})
    await ann.until(lambda: ann.said("event"))
    await bob.until(lambda: bob.said("event"))
    assert (ann.denied, tab.denied, bob.denied) == (["mine.1"], ["mine.2"], [])
    assert rules.asked == [None, None]


async def test_a_signed_out_socket_sends_nothing_while_the_database_is_asked(
    rules: Rules, connected: Callable[..., Any]
) -> None:
    ann = await connected("ann-key", "open.1")
    rules.open_gate.clear()
    sign_out("ann-key")
    await asyncio.sleep(0)
    await ann.ask(op="publish", topic="open.1", mid="m1", type="message", data={})
    assert rules.published_by == [None]
    rules.open_gate.set()


async def test_a_sign_out_is_forgotten_after_a_while(
    rules: Rules, connected: Callable[..., Any], quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "SIGNED_OUT_SECONDS", 0.05)
    sign_out("ann-key")
    known = Hub.current().rights._signed_out
    await asyncio.sleep(0)
    assert list(known) == [sessions.mark_of("ann-key")]
    await until(lambda: not known)


async def test_recheck_of_a_topic_asks_its_followers(
    rules: Rules, connected: Callable[..., Any]
) -> None:
    ann = await connected("ann-key", "mine.1")
    other = await connected("ann-key", "mine.2")
    rules.granted["u1", "mine.1"] = rules.granted["u1", "mine.2"] = NOTHING
    topics.recheck(topic="mine.1")
    await ann.until(lambda: ann.denied)
    await answered(other)
    assert (ann.denied, other.denied) == (["mine.1"], [])
    assert (await ann.follow("mine.1"))["code"] == "denied"


async def test_recheck_of_a_visitor_asks_its_sockets(
    rules: Rules, connected: Callable[..., Any]
) -> None:
    ann = await connected("ann-key", "mine.1", "mine.2")
    bob = await connected("bob-key", "open.1")
    rules.granted["u1", "mine.2"] = rules.granted["u2", "open.1"] = NOTHING
    topics.recheck(visitor="u1")
    await ann.until(lambda: ann.denied)
    await answered(bob)
    assert (ann.denied, bob.denied) == (["mine.2"], [])
    topics.recheck(topic="open.1", visitor=Visitor(user=AnonymousUser(), id="u2", name=""))
    await bob.until(lambda: bob.denied)


async def test_a_right_to_whisper_ends_too(rules: Rules, connected: Callable[..., Any]) -> None:
    ann = await connected("ann-key", "mine.1")
    rules.granted["u1", "mine.1"] = Access(read=True)
    topics.recheck(topic="mine.1")
    await until(lambda: rules.asked)
    ann.tell(op="whisper", topic="mine.1", type="typing", data={})
    await ann.until(lambda: ann.said("error"))
    assert ann.denied == []
    assert ann.said("event") == []


async def test_a_right_that_ends_while_it_is_asked_for_is_refused_once(
    rules: Rules, connected: Callable[..., Any]
) -> None:
    ann = await connected("ann-key")
    rules.joins.clear()
    asking = asyncio.ensure_future(ann.follow("mine.1"))
    feeds = Hub.current().feeds
    await until(lambda: "mine.1" in feeds)
    rules.granted["u1", "mine.1"] = NOTHING
    topics.recheck(topic="mine.1")
    await until(lambda: "mine.1" not in feeds)
    rules.joins.set()
    assert (await asking)["code"] == "denied"
    assert ann.denied == []
    assert ann.said("subscribed") == []


async def test_who_may_no_longer_see_who_is_present_gets_no_list(
    rules: Rules, connected: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = asyncio.Event()

    async def members(topic: str) -> Present:
        await listed.wait()
        return Present("[]", 0)

    monkeypatch.setattr(Hub.current().presence, "members", members)
    rules.granted["u1", "mine.1"] = Access(read=True, presence=True)
    ann = await connected("ann-key", "mine.1")
    asking = asyncio.ensure_future(ann.ask(op="presence", topic="mine.1"))
    (subscriber,) = Hub.current().feeds["mine.1"].subscribers
    await until(lambda: subscriber.sees_presence)
    rules.granted["u1", "mine.1"] = READ
    topics.recheck(topic="mine.1")
    await until(lambda: not subscriber.sees_presence)
    listed.set()
    assert (await asking)["code"] == "denied"


async def test_only_who_has_asked_who_is_present_hears_who_comes(
    rules: Rules, connected: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def members(topic: str) -> Present:
        return Present("[]", 0)

    monkeypatch.setattr(Hub.current().presence, "members", members)
    rules.granted["u1", "mine.1"] = Access(read=True, presence=True)
    asked, silent = [await connected("ann-key", "mine.1") for _ in range(2)]
    rules.granted["u2", "mine.1"] = READ
    bob = await connected("bob-key", "mine.1")
    assert (await asked.ask(op="presence", topic="mine.1"))["op"] == "presence"
    assert (await bob.ask(op="presence", topic="mine.1"))["code"] == "denied"
    topics.whisper("mine.1", "presence.join", {"members": [], "n": 1})
    topics.whisper("mine.1", "typing", {})
    for socket in (asked, silent, bob):
        await socket.until(
            lambda told=socket: "typing" in [one["type"] for one in told.said("event")]
        )
    heard = [[one["type"] for one in socket.said("event")] for socket in (asked, silent, bob)]
    assert heard == [["presence.join", "typing"], ["typing"], ["typing"]]


async def test_a_right_stays_while_nobody_can_say_and_ends_with_the_answer(
    rules: Rules, connected: Callable[..., Any], quick: None
) -> None:
    ann = await connected("ann-key", "mine.1")
    rules.away, rules.granted["u1", "mine.1"] = True, NOTHING
    topics.recheck(topic="mine.1")
    await asyncio.sleep(0.05)
    await answered(ann)
    assert ann.denied == []
    rules.away = False
    await ann.until(lambda: ann.denied)


async def test_every_socket_is_asked_again_in_rounds(
    rules: Rules, connected: Callable[..., Any], quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Within a minute, with the look itself and an answer that is late.
    assert rights.ROUND_SECONDS + rights.LOOK_SECONDS + STATEMENT_TIMEOUT_SECONDS <= 60
    monkeypatch.setattr(rights, "SLICE", 2)
    sockets = [await connected("ann-key", "mine.1") for _ in range(5)]
    assert rules.asked == []
    rules.granted["u1", "mine.1"] = NOTHING
    monkeypatch.setattr(rights, "ROUND_SECONDS", 0.05)
    for socket in sockets:
        await socket.until(lambda told=socket: told.denied)


async def test_a_socket_is_not_asked_again_before_its_round(
    rules: Rules, connected: Callable[..., Any], quick: None
) -> None:
    await connected("ann-key", "mine.1")
    await asyncio.sleep(0.1)
    assert rules.asked == []


async def test_who_has_become_another_comes_back_to_be_told(
    rules: Rules, connected: Callable[..., Any]
) -> None:
    ann = await connected("ann-key", "mine.1")
    rules.people["ann-key"] = "u2"
    topics.recheck(visitor="u1")
    await ann.until(lambda: ann.closed)
    assert ann.closed == 4000
    assert ann.frames[-1]["op"] == "bye"
    assert ann.frames[-1]["retry_ms"] >= 0


async def test_credentials_that_hold_no_more_stop_the_client(
    rules: Rules, connected: Callable[..., Any]
) -> None:
    ann = await connected("ann-key", "mine.1")
    rules.people["ann-key"] = Refused("denied", "This token has ended.")
    topics.recheck(visitor="u1")
    await ann.until(lambda: ann.closed)
    assert (ann.closed, ann.frames[-1]["reason"]) == (4501, "This token has ended.")


async def test_one_word_over_the_layer_reaches_another_process(
    rules: Rules, connected: Callable[..., Any]
) -> None:
    ann = await connected("ann-key", "mine.1")
    rules.granted["u1", "mine.1"] = NOTHING
    word = {"type": "topics.recheck", "topic": "mine.1", "visitor": None, "session": None}
    Hub.current()._hear_layer(rechecking.word_of({**word, "origin": "another process"}) or _none())
    await ann.until(lambda: ann.denied)


def _none() -> Recheck:
    raise AssertionError("the message was not understood")
