from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from channels_celery import settings
from channels_celery.errors import BadOption, Cancelled, Fail, LeaseLost, Retry

Errors = tuple[type[BaseException], ...]

#: What a handler raises to end its attempt, whatever the options say.
_FINAL = (Cancelled, Fail, LeaseLost)


def _default_time_limit() -> float:
    # A wrong settings dict is a system check's to report: importing tasks.py must not hide it.
    with suppress(BadOption):
        return settings.current().TIME_LIMIT_SECONDS
    return settings.Settings().TIME_LIMIT_SECONDS


def _classes(given: Any) -> tuple[Any, ...]:
    return (given,) if isinstance(given, type) else tuple(given)


def _errors(given: Any) -> bool:
    return isinstance(given, type | tuple | list) and all(
        isinstance(one, type) and issubclass(one, BaseException) for one in _classes(given)
    )


def _count(given: Any, least: int = 0) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= least


def _limit(given: Any) -> bool:
    return given is None or _count(given, 1)


def _seconds(given: Any) -> bool:
    # Written so that NaN does not fit.
    return isinstance(given, int | float) and not isinstance(given, bool) and given > 0


def _time_limit(given: Any) -> bool:
    return given is None or _seconds(given)


_EXPECTED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "autoretry_for": ("a tuple of exception classes", _errors),
    "dont_autoretry_for": ("a tuple of exception classes", _errors),
    "max_retries": ("a whole number, 0 or more", _count),
    "default_retry_delay": ("seconds above 0", _seconds),
    "retry_backoff": (
        "True, False or a whole number",
        lambda on: isinstance(on, bool) or _count(on),
    ),
    "retry_backoff_max": ("seconds above 0", _seconds),
    "retry_jitter": ("True or False", lambda on: isinstance(on, bool)),
    "queue": ("a queue's name", lambda name: name is None or bool(isinstance(name, str) and name)),
    "soft_time_limit": ("seconds above 0, or None", _time_limit),
    "time_limit": ("seconds above 0, or None", _time_limit),
    "max_running": ("a whole number, 1 or more, or None", _limit),
    "batch": ("a whole number, 1 or more, or None", _limit),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a channel runs. Retry options have Celery's names and are carried out by the ledger.

    `max_retries` does not count the first run; `time_limit` None means none.
    """

    autoretry_for: Errors = (Exception,)
    dont_autoretry_for: Errors = ()
    max_retries: int = 3
    #: Seconds until the next run when `retry_backoff` is off.
    default_retry_delay: float = 180
    #: True waits about 1, 2, 4, 8 … seconds; a number multiplies that.
    retry_backoff: bool | int = True
    #: The longest wait in seconds.
    retry_backoff_max: float = 600
    #: A random part of the wait, so that what failed together does not return together.
    retry_jitter: bool = True
    queue: str | None = None
    soft_time_limit: float | None = None
    time_limit: float | None = field(default_factory=_default_time_limit)
    #: Handlers of this channel running at once, over all workers.
    max_running: int | None = None
    #: First attempts that one Celery task may take together; its time limits count for all of them.
    batch: int | None = None

    def __post_init__(self) -> None:
        for name, (expected, fits) in _EXPECTED.items():
            given = getattr(self, name)
            if not fits(given):
                raise BadOption(f"{name}={given!r}: expected {expected}.")
        for name in ("autoretry_for", "dont_autoretry_for"):
            object.__setattr__(self, name, _classes(getattr(self, name)))
        if (
            self.soft_time_limit is not None
            and self.time_limit is not None
            and self.soft_time_limit >= self.time_limit
        ):
            raise BadOption(
                f"soft_time_limit={self.soft_time_limit:g} is not below"
                f" time_limit={self.time_limit:g}: it would never be seen."
            )

        if self.batch is not None and self.max_running is not None:
            raise BadOption(
                "batch and max_running exclude each other: a batch takes many jobs into one slot."
            )

    @property
    def max_attempts(self) -> int:
        """Runs in all, the first one too."""
        return self.max_retries + 1

    def delay(self, attempt: int) -> float:
        """Seconds from the failure of this attempt, counted from 1, to the next run."""
        if not self.retry_backoff:
            return self.default_retry_delay
        # The exponent is bounded: 2**1000 is no float.
        longest = min(self.retry_backoff_max, self.retry_backoff * 2 ** min(attempt - 1, 32))
        return random.uniform(0, longest) if self.retry_jitter else longest  # noqa: S311

    def retries(self, error: BaseException) -> bool:
        """Whether this error asks for another run, if one is left."""
        if isinstance(error, (*_FINAL, *self.dont_autoretry_for)):
            return False
        return isinstance(error, (Retry, *self.autoretry_for))


NAMES = [option.name for option in fields(Options)]
#: What Celery users may reach for, and why it is not here.
_INSTEAD = {
    "rate_limit": "Celery's rate limit holds messages in one worker's memory; use max_running",
    "priority": "give urgent work a channel with a queue of its own",
    "bind": "the handler gets the job as its first argument",
    "name": "the channel's name is the first argument",
    "acks_late": "a job is acknowledged when its outcome is committed",
    "ignore_result": "what the handler returns is the job's result",
}


def read(channel: str, given: Mapping[str, Any]) -> Options:
    """The options of a `channel_task`; BadOption names the channel, the option and the remedy."""
    for name in given:
        if name not in NAMES:
            raise BadOption(f"channel {channel!r}: {name!r} is no option; {_remedy(name)}")
    try:
        return Options(**given)
    except BadOption as error:
        raise BadOption(f"channel {channel!r}: {error}") from None


def _remedy(name: str) -> str:
    if name in _INSTEAD:
        return _INSTEAD[name] + "."
    near = get_close_matches(name, NAMES, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    return f"{guess}{'T' if guess else 't'}here are {', '.join(NAMES)}."
