"""What happens to a right while its socket is being greeted counts as well."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from channels_celery import topics
from channels_celery.topics import rights
from channels_celery.topics.access import Refused
from channels_celery.topics.hub import Hub

from .rules import Rules
from .scripted import sign_out, until


async def test_a_browser_that_returns_with_a_signed_out_session_is_nobody(
    rules: Rules, connected: Callable[..., Any]
) -> None:
    await connected("bob-key")
    sign_out("ann-key")
    await asyncio.sleep(0)
    ann = await connected("ann-key")
    assert ann.said("welcome")[0]["visitor"] is None


async def test_a_sign_out_during_the_greeting_counts(
    rules: Rules, connected: Callable[..., Any]
) -> None:
    rules.greets.clear()
    opening = asyncio.ensure_future(connected("ann-key"))
    for _ in range(20):
        await asyncio.sleep(0)
    sign_out("ann-key")
    await asyncio.sleep(0)
    rules.greets.set()
    ann = await opening
    assert ann.said("welcome")[0]["visitor"] is None


async def test_a_socket_that_is_not_greeted_yet_is_not_asked_again(
    rules: Rules, connected: Callable[..., Any], quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "ROUND_SECONDS", 0.0)
    rules.greets.clear()
    opening = asyncio.ensure_future(connected("ann-key"))
    await until(lambda: Hub.current().connections)
    await asyncio.sleep(0.05)
    assert rules.asked == []
    rules.greets.set()
    ann = await opening
    await until(lambda: rules.asked)
    assert (ann.said("welcome")[0]["visitor"], ann.closed) == ("u1", None)


@pytest.mark.parametrize("word", [{"visitor": "u1"}, {"topic": "mine.1", "visitor": "u1"}])
async def test_a_recheck_during_the_greeting_counts(
    rules: Rules, connected: Callable[..., Any], word: dict[str, str]
) -> None:
    rules.greets.clear()
    opening = asyncio.ensure_future(connected("ann-key"))
    for _ in range(20):
        await asyncio.sleep(0)
    # The greeting has read who is there already.
    rules.people["ann-key"] = Refused("denied", "This user is blocked.")
    topics.recheck(**word)
    await asyncio.sleep(0)
    rules.greets.set()
    ann = await opening
    await ann.until(lambda: ann.closed)
    assert (ann.closed, ann.frames[-1]["reason"]) == (4501, "This user is blocked.")
