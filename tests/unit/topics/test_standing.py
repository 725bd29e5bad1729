"""What nobody can say of a socket ends nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from channels_celery import topics
from channels_celery.topics import standing
from channels_celery.topics.standing import Asked

from .rules import NOTHING, Rules
from .scripted import until


def test_who_can_not_be_asked_for_is_nobody_s_refusal(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(scope: Any, lookup: Any) -> Any:
        raise RuntimeError("a session store of the project's own")

    monkeypatch.setattr(standing, "visitor_now", broken)
    assert standing.standings([Asked({}, ("mine.1",))]) == [None]
    assert "a session store of the project's own" in caplog.text


async def test_a_socket_stays_until_somebody_can_say(
    rules: Rules,
    connected: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ann = await connected("ann-key", "mine.1")
    rules.granted["u1", "mine.1"] = NOTHING
    asked: list[Asked] = []
    with monkeypatch.context() as broken:
        broken.setattr(rules, "_standing", asked.append)
        topics.recheck(visitor="u1")
        await until(lambda: asked)
    assert (ann.closed, ann.denied) == (None, [])
    topics.recheck(visitor="u1")
    await ann.until(lambda: ann.denied)
    assert caplog.text == ""
