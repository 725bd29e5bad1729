from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any, TypedDict, Unpack

from django.utils import timezone

from channels_celery import jsontext
from channels_celery.errors import BadMessage, BadOption
from channels_celery.ids import uuid7
from channels_celery.topics import names

from . import headers, registry
from .ledger import NewJob

#: Channel names as Channels allows them, a socket's own with `!` too.
_REPLY_CHANNEL = re.compile(r"[A-Za-z0-9_.-]+(![A-Za-z0-9_.-]*)?")
REPLY_CHANNEL_LENGTH = 99
UNIQUE_KEY_LENGTH = 200
#: Past any calendar: what is later is a mistake, and would not fit the column.
_LATEST_MS = 253_402_300_799_000


class SendOptions(TypedDict, total=False):
    """What `send` and `asend` take beside the message; each may be left out or None."""

    #: Who follows this topic hears of the job.
    topic: str | None
    #: The channel layer's channel that hears of it, at most once.
    reply_channel: str | None
    #: How long it waits before it may run, in seconds.
    countdown: float | timedelta | None
    #: When it may run, instead of `countdown`.
    eta: datetime | None
    #: It ends cancelled if nobody has begun it by then: seconds from now, or a moment.
    expires: float | timedelta | datetime | None
    #: One job of the channel has it at a time, until it ends.
    unique_key: str | None


def prepare(channel: str, message: Any, **options: Unpack[SendOptions]) -> NewJob:
    """The job to accept, after everything that can be refused was looked at."""
    _refuse_unknown(options)
    handler = registry.get(channel)
    if not isinstance(message, dict):
        kind = type(message).__name__
        raise BadMessage(f"message: {kind} is no dict; send a dict of plain values")
    if handler.check is not None:
        handler.check(message)
    delay_ms, at_ms = _start(options.get("countdown"), options.get("eta"))
    return NewJob(
        id=uuid7(),
        channel=handler.name,
        message=jsontext.dump(message, name="message", limit=jsontext.MESSAGE_BYTES),
        max_attempts=handler.options.max_attempts,
        topic=_topic(options.get("topic")),
        reply_channel=_reply_channel(options.get("reply_channel")),
        unique_key=_unique_key(options.get("unique_key")),
        delay_ms=delay_ms,
        at_ms=at_ms,
        expires_ms=_expires(options.get("expires")),
        headers=headers.capture(handler.name),
    )


def _refuse_unknown(options: Mapping[str, Any]) -> None:
    known = SendOptions.__annotations__
    for name in options:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            guess = f"did you mean {near[0]!r}? " if near else ""
            raise BadOption(
                f"{name!r} is no option of send(); {guess}There are {', '.join(known)}."
            )


def _topic(given: str | None) -> str:
    if given is None:
        return ""
    names.check(given)
    return given


def _reply_channel(given: Any) -> str:
    if given is None:
        return ""
    if (
        not isinstance(given, str)
        or len(given) > REPLY_CHANNEL_LENGTH
        or not _REPLY_CHANNEL.fullmatch(given)
    ):
        raise BadOption(
            f"reply_channel={given!r}: expected a channel's name, such as self.channel_name."
        )
    return given


def _unique_key(given: Any) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or not 0 < len(given) <= UNIQUE_KEY_LENGTH:
        raise BadOption(
            f"unique_key={given!r}: expected text of 1 to {UNIQUE_KEY_LENGTH} characters;"
            " write str(...) or a hash."
        )
    jsontext.dump(given, name="unique_key", limit=jsontext.MESSAGE_BYTES)
    return given


def _start(countdown: Any, eta: Any) -> tuple[int, int | None]:
    if countdown is not None and eta is not None:
        raise BadOption("countdown and eta both say when the job starts: give one of them.")
    if countdown is not None:
        return _milliseconds("countdown", countdown, least=0), None
    if eta is None:
        return 0, None
    if not isinstance(eta, datetime):
        raise BadOption(f"eta={eta!r}: expected a datetime; countdown takes seconds.")
    return 0, _since_1970(eta)


def _expires(given: Any) -> int | None:
    if given is None:
        return None
    if isinstance(given, datetime):
        left = _since_1970(given) - time.time_ns() // 1_000_000
        if left <= 0:
            raise BadOption(f"expires={given!r} is over already: expected a later moment.")
        return left
    return _milliseconds("expires", given, least=1)


def _milliseconds(name: str, given: Any, *, least: int) -> int:
    seconds = given.total_seconds() if isinstance(given, timedelta) else given
    fits = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    # Written so that NaN does not fit.
    if not fits or not least <= seconds * 1000 <= _LATEST_MS:
        raise BadOption(f"{name}={given!r}: expected seconds, {least / 1000:g} or more.")
    return round(seconds * 1000)


def _since_1970(moment: datetime) -> int:
    # A time without a zone is Django's current one, as everywhere in Django.
    aware = timezone.make_aware(moment) if timezone.is_naive(moment) else moment
    return round(aware.timestamp() * 1000)
