from __future__ import annotations

from django.template import Context, Template

from channels_celery import topics
from channels_celery.topics import Position

ELEMENT = "{% load topics %}<ul {% topic name position %}>"


def test_the_tag_carries_the_position_that_the_view_took(database: str) -> None:
    topics.publish("chat.a", "message", 1, key="m1")
    at = topics.position("chat.a")
    topics.publish("chat.a", "message", 2)
    html = Template(ELEMENT).render(Context({"name": "chat.a", "position": at}))
    assert html == (f'<ul data-topic="chat.a" data-epoch="{at.epoch}" data-seq="1" data-mid="m1">')


def test_without_a_position_the_tag_reads_it(database: str) -> None:
    topics.publish("chat.a", "message", 1, key="m1")
    html = Template("{% load topics %}{% topic 'chat.a' %}").render(Context())
    assert 'data-seq="1" data-mid="m1"' in html


def test_what_the_tag_writes_is_escaped() -> None:
    at = Position(epoch='"><script>', seq=0)
    html = Template(ELEMENT).render(Context({"name": "a", "position": at}))
    assert "<script>" not in html
