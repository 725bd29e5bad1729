from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import topics
    from .errors import Cancelled, Fail, LeaseLost, Retry
    from .jobs.consumers import channel_consumer
    from .jobs.layer import CeleryChannelLayer
    from .jobs.registry import channel_task
    from .jobs.send import asend, send

__all__ = [
    "Cancelled",
    "CeleryChannelLayer",
    "Fail",
    "LeaseLost",
    "Retry",
    "asend",
    "channel_consumer",
    "channel_task",
    "send",
    "topics",
]

#: Looked up when first asked for: an installed app may not import models while apps load.
_HOMES = {
    "Cancelled": ".errors",
    "CeleryChannelLayer": ".jobs.layer",
    "Fail": ".errors",
    "LeaseLost": ".errors",
    "Retry": ".errors",
    "asend": ".jobs.send",
    "channel_consumer": ".jobs.consumers",
    "channel_task": ".jobs.registry",
    "send": ".jobs.send",
}


def __getattr__(name: str) -> Any:
    if name == "topics":
        return import_module(".topics", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
