"""What an operator sees of topics."""

from __future__ import annotations

from typing import Any

from channels_celery import settings

from . import access
from .models import Event, Topic


def listed(prefix: str, limit: int) -> list[dict[str, Any]]:
    """The first topics by name, those of one prefix."""
    found = _topics().filter(name__startswith=prefix).order_by("name")
    return [_described(topic) for topic in found[: max(0, limit)]]


def shown(topic: str, limit: int) -> dict[str, Any] | None:
    """A topic and its last events, newest first; None if it has no log."""
    row = _topics().filter(name=topic).first()
    if row is None:
        return None
    rule = access.rule_of(topic)
    last = Event.objects.using(_alias()).filter(topic=topic, seq__isnull=False).order_by("-seq")
    return {
        **_described(row),
        "rule": None if rule is None else rule.origin,
        "keep": None if rule is None else rule.keep,
        "keep_hours": None if rule is None else rule.keep_hours,
        "events": [_event(event) for event in last[: max(0, limit)]],
    }


def _described(topic: Topic) -> dict[str, Any]:
    return {
        "topic": topic.name,
        "epoch": topic.epoch,
        "seq": topic.seq,
        "trimmed_to": topic.trimmed_to,
        "kept": topic.seq - topic.trimmed_to,
        "emptied": topic.emptied,
    }


def _event(event: Event) -> dict[str, Any]:
    keys = ("seq", "mid", "type", "ts", "by", "data")
    return {key: getattr(event, key) for key in keys}


def _topics() -> Any:
    return Topic.objects.using(_alias())


def _alias() -> str:
    return settings.current().DATABASE
