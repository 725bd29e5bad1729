"""How values of the ledger look in the admin. All of it is escaped."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timesince import timesince, timeuntil

NOTHING = "–"


def moment(milliseconds: int | None) -> str:
    """A time relative to now, the exact one beside it."""
    if milliseconds is None:
        return NOTHING
    at = _datetime(milliseconds)
    now = timezone.now()
    seconds = int((now - at).total_seconds())
    if abs(seconds) < 60:
        words = f"in {-seconds} s" if seconds < 0 else f"{seconds} s ago"
    elif seconds < 0:
        words = f"in {timeuntil(at, now, depth=1)}"
    else:
        words = f"{timesince(at, now, depth=1)} ago"
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact(at), words)


def full_moment(milliseconds: int | None) -> str:
    """The exact time, and how long ago."""
    if milliseconds is None:
        return NOTHING
    return format_html("{} ({})", exact(_datetime(milliseconds)), moment(milliseconds))


def exact(at: datetime) -> str:
    local = timezone.localtime(at) if timezone.is_aware(at) else at
    return f"{date_format(local, 'DATE_FORMAT')}, {local:%H:%M:%S}.{local.microsecond // 1000:03}"


def duration(milliseconds: int) -> str:
    seconds = max(0, milliseconds) / 1_000
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def badge(word: str, kind: str = "") -> str:
    """A state in its colour."""
    return format_html('<span class="cc-state cc-{}">{}</span>', kind or word, word)


def block(text: str) -> str:
    """Text as it is, in lines."""
    return format_html('<pre class="cc-text">{}</pre>', text) if text else NOTHING


def json_block(text: str | None) -> str:
    """Stored JSON, indented."""
    if not text:
        return NOTHING
    return block(json.dumps(json.loads(text), indent=2, ensure_ascii=False))


def _datetime(milliseconds: int) -> datetime:
    at = datetime.fromtimestamp(milliseconds / 1_000, UTC)
    return at if timezone.is_aware(timezone.now()) else timezone.make_naive(at)
