"""Topics: durable logs of events that browsers follow, in order and without holes."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .access import Access, Refused, Visitor, rule
    from .deleting import delete
    from .events import Event, Position
    from .publishing import apublish, awhisper, position, publish, read, whisper
    from .rechecking import recheck
    from .redacting import redact
    from .socket import websocket
    from .streaming import sse
    from .tokens import token
    from .visitors import visitor

__all__ = [
    "Access",
    "Event",
    "Position",
    "Refused",
    "Visitor",
    "apublish",
    "awhisper",
    "delete",
    "position",
    "publish",
    "read",
    "recheck",
    "redact",
    "rule",
    "sse",
    "token",
    "visitor",
    "websocket",
    "whisper",
]

#: Looked up when first asked for: an app that declares rules is imported before its models.
_HOMES = {
    "Access": ".access",
    "Event": ".events",
    "Position": ".events",
    "Refused": ".access",
    "Visitor": ".access",
    "apublish": ".publishing",
    "awhisper": ".publishing",
    "delete": ".deleting",
    "position": ".publishing",
    "publish": ".publishing",
    "read": ".publishing",
    "recheck": ".rechecking",
    "redact": ".redacting",
    "rule": ".access",
    "token": ".tokens",
    "sse": ".streaming",
    "visitor": ".visitors",
    "websocket": ".socket",
    "whisper": ".publishing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
