"""The application of a server under test: topics mounted as a project mounts them."""

from __future__ import annotations

from typing import Any

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path, re_path

django.setup()

from channels_celery import topics  # noqa: E402


@topics.rule("open.<slug:name>")
def may_read(visitor: topics.Visitor, name: str) -> topics.Access:
    return topics.Access(read=True, publish=("message",), whisper=("typing",), presence=True)


@topics.rule("shut.<slug:name>")
def may_read_for_now(visitor: topics.Visitor, name: str) -> bool:
    """Until the open topic of that name has an event."""
    return topics.position(f"open.{name}").seq == 0


# Django's stubs know only views; Channels' router takes ASGI applications.
_to: Any = path
_under: Any = re_path

application = ProtocolTypeRouter(
    {
        "http": URLRouter([_under("^events/", topics.sse)]),
        "websocket": URLRouter([_to("ws/", topics.websocket)]),
    }
)
