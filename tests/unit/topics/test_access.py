from __future__ import annotations

import logging
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError

from channels_celery import topics
from channels_celery.errors import BadOption, BadTopic, DatabaseAway
from channels_celery.topics import access

ANN = topics.Visitor(user=AnonymousUser(), id="g1", name="Ann")
NOTHING = topics.Access()


@pytest.fixture(autouse=True)
def _no_other_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_rules", {})


def test_a_topic_without_a_rule_is_nobodys() -> None:
    assert access.access_of(ANN, "chat.lobby") == NOTHING
    assert not NOTHING.read
    assert not NOTHING.publish


@pytest.mark.parametrize(
    ("returned", "read"), [(True, True), (False, False), (None, False), (NOTHING, False)]
)
def test_a_rule_says_who_may_read(returned: Any, read: bool) -> None:
    @topics.rule("chat.<slug:room>")
    def chat(visitor: topics.Visitor, room: str) -> Any:
        assert (visitor, room) == (ANN, "lobby")
        return returned

    assert access.access_of(ANN, "chat.lobby") == topics.Access(read=read)


def test_a_rule_grants_what_its_access_names() -> None:
    granted = topics.Access(read=True, publish=("message",), whisper=("typing",), presence=True)

    @topics.rule("chat.<slug:room>")
    def chat(visitor: topics.Visitor, room: str) -> topics.Access:
        return granted

    assert access.access_of(ANN, "chat.lobby") is granted


def test_the_function_is_returned_unchanged() -> None:
    def chat(visitor: topics.Visitor, room: str) -> bool:
        return True

    assert topics.rule("chat.<slug:room>")(chat) is chat


def test_a_rule_that_raises_refuses_with_one_line(caplog: pytest.LogCaptureFixture) -> None:
    @topics.rule("chat.<slug:room>")
    def chat(visitor: topics.Visitor, room: str) -> bool:
        raise LookupError("no such room")

    assert access.access_of(ANN, "chat.lobby") == NOTHING
    (record,) = caplog.records
    assert record.getMessage().startswith("topic chat.lobby: its rule ")
    assert record.getMessage().endswith("raised LookupError: no such room")


def test_a_rule_that_returns_something_else_refuses(caplog: pytest.LogCaptureFixture) -> None:
    @topics.rule("chat.<slug:room>")
    def chat(visitor: topics.Visitor, room: str) -> Any:
        return "yes"

    assert access.access_of(ANN, "chat.lobby") == NOTHING
    assert "expected Access, True or False from a rule, not str" in caplog.text


def test_a_database_that_is_away_is_no_answer() -> None:
    @topics.rule("chat.<slug:room>")
    def chat(visitor: topics.Visitor, room: str) -> bool:
        raise OperationalError("connection refused")

    with pytest.raises(DatabaseAway):
        access.access_of(ANN, "chat.lobby")


def test_two_rules_for_one_name_grant_nothing(caplog: pytest.LogCaptureFixture) -> None:
    @topics.rule("chat.<slug:room>")
    def chat(visitor: topics.Visitor, room: str) -> bool:
        return True

    @topics.rule("chat.lobby")
    def lobby(visitor: topics.Visitor) -> bool:
        return True

    caplog.set_level(logging.DEBUG, logger="channels_celery.topics")
    assert access.access_of(ANN, "chat.lobby") == NOTHING
    assert "these rules overlap" in caplog.text
    assert access.access_of(ANN, "chat.other").read
    # Nor does either say how much of its log is kept: what is removed is gone.
    assert access.rule_of("chat.lobby") is None
    assert [{one.pattern.text, two.pattern.text} for one, two in access.overlapping()] == [
        {"chat.<slug:room>", "chat.lobby"}
    ]


def test_a_module_imported_again_replaces_its_rules() -> None:
    for _ in range(2):

        @topics.rule("chat.<slug:room>")
        def chat(visitor: topics.Visitor, room: str) -> bool:
            return True

    assert access.overlapping() == []
    assert access.access_of(ANN, "chat.lobby").read


@pytest.mark.parametrize("option", [{"keep": 0}, {"keep_hours": -1}, {"keep": True}])
def test_a_bound_is_a_positive_number_or_none(option: dict[str, Any]) -> None:
    with pytest.raises(BadOption, match="expected a positive number, or None"):
        topics.rule("chat.<slug:room>", **option)
    topics.rule("chat.<slug:room>", keep=None, keep_hours=None)


def test_a_broken_pattern_is_an_error_at_import() -> None:
    with pytest.raises(BadTopic):
        topics.rule("chat.<room")


def test_types_given_as_one_text_are_refused() -> None:
    # `"m" in "message"` holds: it would grant single letters.
    with pytest.raises(BadOption, match=r"write \('message',\)"):
        topics.Access(publish="message")  # type: ignore[arg-type]
    assert topics.Access(publish=["message"]).publish == ("message",)  # type: ignore[arg-type]
