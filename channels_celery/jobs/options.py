from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from channels_celery import settings
from channels_celery.errors import BadOption, Fail, Retry

Errors = tuple[type[BaseException], ...]


def _default_time_limit() -> float:
    # A wrong settings dict is a system check's to report: importing tasks.py must not hide it.
    with suppress(BadOption):
        return settings.current().TIME_LIMIT_SECONDS
    return settings.Settings().TIME_LIMIT_SECONDS


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
    #: First attempts that one Celery task may take together.
    batch: int | None = None

    def __post_init__(self) -> None:
        for name in ("autoretry_for", "dont_autoretry_for"):
            object.__setattr__(self, name, _errors(name, getattr(self, name)))
        _require_count("max_retries", self.max_retries, least=0)
        for name in ("default_retry_delay", "retry_backoff_max", "soft_time_limit", "time_limit"):
            _require_seconds(name, getattr(self, name))
        for name in ("max_running", "batch"):
            if getattr(self, name) is not None:
                _require_count(name, getattr(self, name), least=1)
        _require(isinstance(self.retry_backoff, int) and self.retry_backoff >= 0,
                 "retry_backoff", self.retry_backoff, "True, False or a whole number")  # fmt: skip
        _require(isinstance(self.retry_jitter, bool),
                 "retry_jitter", self.retry_jitter, "True or False")  # fmt: skip
        _require(self.queue is None or (isinstance(self.queue, str) and self.queue != ""),
                 "queue", self.queue, "a queue's name")  # fmt: skip
        _require_order(self.soft_time_limit, self.time_limit)

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
        if isinstance(error, (Fail, *self.dont_autoretry_for)):
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
    return f"{guess}There are {', '.join(NAMES)}."


def _errors(name: str, given: Any) -> Errors:
    classes = (given,) if isinstance(given, type) else given
    fits = isinstance(classes, tuple | list) and all(
        isinstance(one, type) and issubclass(one, BaseException) for one in classes
    )
    _require(fits, name, given, "a tuple of exception classes")
    return tuple(classes)


def _require_count(name: str, given: Any, *, least: int) -> None:
    fits = isinstance(given, int) and not isinstance(given, bool) and given >= least
    _require(fits, name, given, f"a whole number, at least {least}")


def _require_seconds(name: str, given: Any) -> None:
    if given is None and name in ("soft_time_limit", "time_limit"):
        return
    fits = isinstance(given, int | float) and not isinstance(given, bool) and given > 0
    _require(fits, name, given, "seconds above 0")


def _require_order(soft: float | None, hard: float | None) -> None:
    if soft is not None and hard is not None and soft >= hard:
        raise BadOption(
            f"soft_time_limit={soft:g} is not below time_limit={hard:g}: it would never be seen."
        )


def _require(fits: bool, name: str, given: Any, expected: str) -> None:
    if not fits:
        raise BadOption(f"{name}={given!r}: expected {expected}.")
