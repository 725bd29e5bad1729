from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, TypeVar

from channels_celery.errors import BadOption, UnknownChannel

from . import discovery, mirror, options
from .options import Options

Function = TypeVar("Function", bound=Callable[..., Any])

#: As Channels allows them, without the `!` of a socket's own channel.
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,99}")


@dataclass(frozen=True, slots=True)
class ChannelHandler:
    """A background channel: its name, the function that does the work, and how it runs."""

    name: str
    function: Callable[..., Any]
    options: Options
    #: Looks at a message before it is accepted; raises BadMessage.
    check: Callable[[dict[str, Any]], None] | None = None
    #: Hears of each attempt's verdict, as `ended(job, verdict)`, once it is recorded.
    ended: Callable[..., None] | None = None

    @property
    def place(self) -> str:
        """Where the function is, for people."""
        return f"{self.function.__module__}.{self.function.__qualname__}"


_handlers: dict[str, ChannelHandler] = {}


def channel_task(name: str, **given: Any) -> Callable[[Function], Function]:
    """Make a function the handler of a background channel; the function itself stays unchanged.

    It is called as `function(job, message)` in a Celery worker, where it is the task
    `channel.<name>`. Raises BadOption for an option that does not exist.
    """
    check_name(name)
    chosen = options.read(name, given)

    def register(function: Function) -> Function:
        add(ChannelHandler(name, function, chosen))
        return function

    return register


def add(handler: ChannelHandler) -> None:
    """Register a background channel and its Celery task; BadOption when the name is taken."""
    _refuse_second(handler)
    _handlers[handler.name] = handler
    mirror.register(handler.name, handler.options)


def get(name: str) -> ChannelHandler:
    """The handler of a channel; UnknownChannel names the nearest one and where was searched."""
    try:
        return _handlers[name]
    except KeyError:
        raise UnknownChannel(_unknown(name)) from None


def channels() -> Mapping[str, ChannelHandler]:
    """All channels that this process knows."""
    return MappingProxyType(_handlers)


def nearest(name: str) -> str | None:
    """The registered name that a mistyped one was meant to be."""
    return next(iter(get_close_matches(name, _handlers, n=1)), None)


def check_name(name: object) -> None:
    """Raise BadOption for what can not be a channel's name."""
    if callable(name):
        raise BadOption('Write @channel_task("name"): a channel needs a name.')
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadOption(
            f"{name!r} is no channel's name: expected up to 99 letters, digits, '_', '-' or '.'."
        )


def _unknown(name: str) -> str:
    near = nearest(name)
    guess = f" Did you mean {near!r}?" if near else ""
    apps = discovery.searched()
    where = f"tasks.py of {', '.join(apps)}" if apps else "no app: none installed has a tasks.py"
    return f"No channel_task is named {name!r} in this process.{guess} Searched {where}."


def _refuse_second(handler: ChannelHandler) -> None:
    # The same place again is the same module, loaded anew.
    known = _handlers.get(handler.name)
    if known is not None and known.place != handler.place:
        raise BadOption(
            f"Two functions for channel {handler.name!r}: {known.place} and {handler.place}. "
            "Give one of them another name."
        )
