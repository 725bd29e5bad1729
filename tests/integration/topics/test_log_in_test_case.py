from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction

from channels_celery import topics
from channels_celery.topics.events import Event


class Capture(Protocol):
    def __call__(self, *, using: str, execute: bool) -> AbstractContextManager[list[Any]]: ...


def test_what_was_published_can_be_read(test_case: str, rung: list[Event]) -> None:
    topics.publish("chat.a", "message", 1)
    with transaction.atomic(using=test_case):
        topics.publish("chat.a", "message", 2)
    async_to_sync(topics.apublish)("chat.a", "message", 3)
    page = topics.read("chat.a")
    assert [(event.seq, event.value) for event in page.events] == [(1, 1), (2, 2), (3, 3)]
    assert topics.position("chat.a") == page.top
    assert page.top.seq == 3
    assert rung == []


def test_captured_callbacks_announce_each_event_once(
    test_case: str, rung: list[Event], django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks(using=test_case, execute=True):
        topics.publish("chat.a", "message", 1)
        topics.publish("chat.a", "message", 2)
    assert [(event.seq, event.value) for event in rung] == [(1, 1), (2, 2)]


def test_reading_before_the_callbacks_run_changes_nothing(
    test_case: str, rung: list[Event], django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks(using=test_case, execute=True):
        topics.publish("chat.a", "message", 1)
        assert topics.position("chat.a").seq == 1
    assert [(event.seq, event.value) for event in rung] == [(1, 1)]


@pytest.mark.parametrize("number", [1, 2])
def test_each_test_begins_without_events(test_case: str, rung: list[Event], number: int) -> None:
    assert topics.read("chat.a").events == ()
    topics.publish("chat.a", "message", number)
    assert topics.position("chat.a").seq == 1
