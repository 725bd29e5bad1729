"""Who may do what on a topic: rules, found by the topic's name."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError

from channels_celery.errors import BadOption, ChannelsCeleryError, DatabaseAway

from . import names

logger = logging.getLogger("channels_celery.topics")


class Refused(ChannelsCeleryError):
    """What a visitor sent is not accepted; `code` and `reason` go back to the sender."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.code}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is there, the same over websocket, SSE and HTTP.

    `user` is Django's, AnonymousUser for guests. `id` is `u<user's key>`, or `g<random>` for a
    guest's session, or None for somebody without one: such a visitor sends nothing. `name` is
    what others read. `reach` are the topics that a token is for; None has no bound.
    """

    user: Any
    id: str | None
    name: str
    reach: tuple[str, ...] | None = None

    def reaches(self, topic: str) -> bool:
        """Whether the token that it came with, if any, is for this topic."""
        return self.reach is None or any(names.is_within(topic, one) for one in self.reach)


#: `accept(visitor, type, data)`: the data to store, None for what was sent; or raises Refused.
Accept = Callable[[Visitor, str, Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a rule grants; nothing unless it says so.

    `publish` and `whisper` name the types of events that the visitor may send. `accept` sees each
    published event before it is stored: it returns the data to store (None: as sent) or raises
    Refused; rows that it writes commit with the event or not at all.
    """

    read: bool = False
    publish: tuple[str, ...] = ()
    whisper: tuple[str, ...] = ()
    presence: bool = False
    accept: Accept | None = None

    def __post_init__(self) -> None:
        for option in ("publish", "whisper"):
            types = getattr(self, option)
            if isinstance(types, str):
                raise BadOption(
                    f"Access({option}={types!r}): expected a tuple of types; write ({types!r},)."
                )
            object.__setattr__(self, option, tuple(types))


Grant = Access | bool | None
_Function = TypeVar("_Function", bound=Callable[..., Grant])


@dataclass(frozen=True, slots=True)
class Rule:
    """A registered rule: its pattern, its function and how much of the log it keeps."""

    pattern: names.Pattern
    function: Callable[..., Grant]
    keep: int | None
    keep_hours: float | None

    @property
    def origin(self) -> str:
        """Where the function is written: the same for one module imported again."""
        return f"{self.function.__module__}.{self.function.__qualname__}"


_rules: dict[tuple[str, str], Rule] = {}


def rule(
    pattern: str, *, keep: int | None = 1000, keep_hours: float | None = 24
) -> Callable[[_Function], _Function]:
    """Declare who may follow the topics of `pattern`; a topic without a rule is nobody's.

    The function gets the Visitor and the pattern's variables and returns Access, or True for "may
    read". Its events are kept up to `keep` and for `keep_hours`, whichever ends first; None is
    no bound. The function itself is returned unchanged.
    """
    compiled = names.compile_pattern(pattern)
    for option, value in (("keep", keep), ("keep_hours", keep_hours)):
        if value is not None and (isinstance(value, bool) or value <= 0):
            raise BadOption(
                f"rule({pattern!r}, {option}={value!r}): expected a positive number, or None."
            )

    def register(function: _Function) -> _Function:
        made = Rule(compiled, function, keep, keep_hours)
        _rules[pattern, made.origin] = made
        return function

    return register


def rule_of(topic: str) -> Rule | None:
    """The one rule that answers for the topic; None if there is none, or more than one."""
    found = [known for known in _rules.values() if known.pattern.match(topic) is not None]
    return found[0] if len(found) == 1 else None


def overlapping() -> list[tuple[Rule, Rule]]:
    """Pairs of rules that could both answer for one name: for the system check."""
    pairs = combinations(_rules.values(), 2)
    return [(one, two) for one, two in pairs if one.pattern.overlaps(two.pattern)]


def access_of(visitor: Visitor, topic: str) -> Access:
    """What the topic's rule grants this visitor.

    No rule, two rules or a rule that raises grants nothing, with one log line. DatabaseAway is
    no answer: whoever asked keeps what was granted before, or asks again.
    """
    if not visitor.reaches(topic):
        logger.debug("topic %s: the token is for others; nothing is granted", topic)
        return Access()
    found = [
        (known, values)
        for known in _rules.values()
        if (values := known.pattern.match(topic)) is not None
    ]
    if len(found) != 1:
        logger.debug("topic %s: %s; nothing is granted", topic, _which(found))
        return Access()
    chosen, values = found[0]
    try:
        return _as_access(chosen.function(visitor, **values))
    except (OperationalError, InterfaceError) as error:
        raise DatabaseAway from error
    except Exception as error:  # noqa: BLE001 - whatever it is, it grants nothing
        where = f"{type(error).__name__}: {error}"
        logger.warning("topic %s: its rule %s raised %s", topic, chosen.origin, where)
        return Access()


def _which(found: list[tuple[Rule, dict[str, Any]]]) -> str:
    if not found:
        return "no rule has this pattern"
    return "these rules overlap: " + ", ".join(known.origin for known, _ in found)


def _as_access(granted: object) -> Access:
    if isinstance(granted, Access):
        return granted
    if granted is None or isinstance(granted, bool):
        return Access(read=bool(granted))
    raise BadOption(f"expected Access, True or False from a rule, not {type(granted).__name__}.")
