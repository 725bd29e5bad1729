"""What is wrong with a running installation, and what to do: `manage.py channels_doctor`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.core.checks import CheckMessage

from . import broker, database, doorbells, settings, workers


@dataclass(frozen=True, slots=True)
class Finding:
    """What one examination has found; no messages: all is well. `skipped` says why it was not."""

    name: str
    messages: Sequence[CheckMessage] = ()
    skipped: str = ""


#: In this order: what is named first is what the later ones need.
_EXAMINATIONS: dict[str, Callable[[], Iterator[CheckMessage]]] = {
    "settings": settings.examine,
    "database": database.examine,
    "channel layer": doorbells.examine,
    "broker": broker.examine,
    "workers": workers.examine,
}
#: These read the ledger.
_NEED_DATABASE = frozenset({"workers"})


def examine() -> Iterator[Finding]:
    """Examine each part, the live services too; each answers within a few seconds."""
    away = False
    for name, look in _EXAMINATIONS.items():
        if away and name in _NEED_DATABASE:
            yield Finding(name, skipped="not looked at, as the database is not ready")
            continue
        messages = list(look())
        away = away or (name == "database" and any(one.is_serious() for one in messages))
        yield Finding(name, messages)
