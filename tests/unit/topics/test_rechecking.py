from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from channels_celery import topics
from channels_celery.errors import BadOption, BadTopic
from channels_celery.topics import rechecking
from channels_celery.topics.access import Visitor

from .scripted import sign_out


@pytest.mark.parametrize(
    "message",
    [
        None,
        "topics.recheck",
        {"type": "topics.bells", "origin": "x", "bells": []},
        {"type": "topics.recheck", "origin": "x"},
        {"type": "topics.recheck", "topic": 7, "origin": "x"},
        {"type": "topics.recheck", "topic": "a"},
    ],
)
def test_other_messages_of_the_layer_are_no_words(message: Any) -> None:
    assert rechecking.word_of(message) is None


def test_recheck_says_what_it_needs() -> None:
    with pytest.raises(BadOption, match="topic=, or visitor="):
        topics.recheck()
    with pytest.raises(BadOption, match="got neither"):
        topics.recheck(visitor=Visitor(user=AnonymousUser(), id=None, name=""))
    with pytest.raises(BadTopic):
        topics.recheck(topic="no topic")


def test_a_sessions_key_is_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(
        "channels_celery.topics.outbound.group_send", lambda *sent: told.append(sent)
    )
    sign_out("the-secret-key")
    ((group, message),) = told
    assert group == "channels_celery.rights"
    assert rechecking.word_of(message) is not None
    assert "the-secret-key" not in json.dumps(message)
