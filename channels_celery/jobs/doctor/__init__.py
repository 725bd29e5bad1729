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
#: With these nothing can be asked: the settings, or the database that they name, are none.
_FATAL = frozenset(f"channels_celery.E00{number}" for number in (1, 2, 4, 5))
#: These read the ledger.
_NEED_DATABASE = frozenset({"workers"})


def examine() -> Iterator[Finding]:
    """Examine each part, the live services too; each answers within a few seconds."""
    away = broken = False
    for name, look in _EXAMINATIONS.items():
        if broken:
            yield Finding(name, skipped="not looked at, as the settings are not right")
            continue
        if away and name in _NEED_DATABASE:
            yield Finding(name, skipped="not looked at, as the database is not ready")
            continue
        messages = list(look())
        broken = any(one.id in _FATAL for one in messages)
        away = away or (name == "database" and any(one.is_serious() for one in messages))
        yield Finding(name, messages)
