from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from channels.sessions import SessionMiddleware
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Warning
from django.utils.module_loading import import_string

from channels_celery import topics


def examine() -> Iterator[CheckMessage]:
    """The ASGI application: topics stand outside any session stack."""
    path = getattr(django_settings, "ASGI_APPLICATION", None)
    if not path:
        return
    try:
        application = import_string(path)
    except ImportError:
        # The server says so itself, at once.
        return
    for name, one in (("websocket", topics.websocket), ("sse", topics.sse)):
        if _within_sessions(application, one):
            yield Warning(
                f"{path}: topics.{name} stands inside a session or auth stack, whose look at each"
                " frame that is sent takes a quarter of the speed.",
                hint="Mount it in a URLRouter of its own, outside: it reads the session itself.",
                id="channels_celery.W054",
            )


def _within_sessions(application: Any, wanted: Any, within: bool = False) -> bool:
    """Whether `wanted` is reached through Channels' session middleware."""
    if application is wanted:
        return within
    within = within or isinstance(application, SessionMiddleware)
    return any(_within_sessions(inner, wanted, within) for inner in _inner(application))


def _inner(application: Any) -> Iterator[Any]:
    """What Channels' routers and middleware hand a connection on to."""
    yield from getattr(application, "application_mapping", {}).values()
    for route in getattr(application, "routes", ()):
        yield route.callback
    for name in ("inner", "application"):
        if (inner := getattr(application, name, None)) is not None:
            yield inner
