"""The grammar of names: what may stand in a topic, a rule's pattern, an event's type and mid."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.urls.converters import get_converters

from channels_celery.errors import BadMessage, BadTopic

TOPIC_LENGTH = 150

_TOPIC = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_LITERAL = re.compile(r"[A-Za-z0-9_-]+")
_VARIABLE = re.compile(r"<(?:(?P<converter>[A-Za-z_]\w*):)?(?P<name>[A-Za-z_]\w*)>")
_WORD = re.compile(r"[A-Za-z0-9:._-]{1,100}")

#: Values that tell converters apart: two that both take one of these overlap.
_SAMPLES = ("0", "7", "a", "a-b", "a_b", "A", "en", "2026", "075194d3-6885-417e-a8a8-6c931e272f00")


def check(name: object) -> str:
    """The name itself, if it can name a topic; else BadTopic says what is wrong with it."""
    if not isinstance(name, str) or not _TOPIC.fullmatch(name):
        raise BadTopic(
            f"{name!r} is no topic: a name is parts of letters, digits, _ and - joined by dots, "
            'as in "chat.lobby".'
        )
    if len(name) > TOPIC_LENGTH:
        raise BadTopic(
            f"{name[:40]}… has {len(name)} characters; a topic's name has at most {TOPIC_LENGTH}."
        )
    return name


def check_word(word: object, *, name: str) -> str:
    """The type, mid or key itself; BadMessage says what else may not stand there."""
    if not isinstance(word, str) or not _WORD.fullmatch(word):
        raise BadMessage(
            f"{name}: {str(word)[:40]!r} does not fit; "
            "write 1 to 100 letters, digits or any of : . _ -"
        )
    return word


def check_reach(pattern: object) -> str:
    """The pattern itself, if it is a topic's name or the beginning of names, as in `images.*`."""
    name = check(pattern.removesuffix(".*") if isinstance(pattern, str) else pattern)
    return f"{name}.*" if pattern != name else name


def is_within(topic: str, pattern: str) -> bool:
    """Whether a pattern of `check_reach` takes the topic."""
    return topic.startswith(pattern[:-1]) if pattern.endswith(".*") else topic == pattern


@dataclass(frozen=True, slots=True)
class Variable:
    """A part of a pattern that a converter reads, as in `<slug:room>`."""

    name: str
    converter: Any

    def value(self, part: str) -> Any:
        """What the part means; LookupError if it means nothing or could be written otherwise."""
        if not (_LITERAL.fullmatch(part) and re.fullmatch(self.converter.regex, part)):
            raise LookupError(part)
        try:
            value = self.converter.to_python(part)
            same = self.converter.to_url(value) == part
        except ValueError:
            raise LookupError(part) from None
        if not same:
            # chat.007 beside chat.7 would be two topics of one object.
            raise LookupError(part)
        return value

    def takes(self, part: str) -> bool:
        try:
            self.value(part)
        except LookupError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Pattern:
    """A rule's pattern, `chat.<slug:room>`: text parts and Django's path converters."""

    text: str
    parts: tuple[str | Variable, ...]

    def match(self, topic: str) -> dict[str, Any] | None:
        """The values of the variables, or None when the topic is not of this pattern."""
        given = topic.split(".")
        if len(given) != len(self.parts):
            return None
        values = {}
        for part, text in zip(self.parts, given, strict=True):
            if isinstance(part, str):
                if part != text:
                    return None
                continue
            try:
                values[part.name] = part.value(text)
            except LookupError:
                return None
        return values

    def overlaps(self, other: Pattern) -> bool:
        """Whether some name could be of both: exact for text, by samples for two converters."""
        if len(self.parts) != len(other.parts):
            return False
        return all(_meet(one, two) for one, two in zip(self.parts, other.parts, strict=True))


def compile_pattern(text: str) -> Pattern:
    """The pattern ready to match; BadTopic names a part that is neither text nor `<kind:name>`."""
    parts = tuple(_part(text, part) for part in text.split("."))
    names = [part.name for part in parts if isinstance(part, Variable)]
    if len(names) != len(set(names)):
        raise BadTopic(f"{text!r}: two parts have the same name; give each its own.")
    return Pattern(text, parts)


def _part(text: str, part: str) -> str | Variable:
    if _LITERAL.fullmatch(part):
        return part
    found = _VARIABLE.fullmatch(part)
    if found is None:
        raise BadTopic(
            f"{text!r}: {part!r} is no part of a pattern; parts are joined by dots and are either "
            "letters, digits, _ and -, or a whole <converter:name>."
        )
    kind = found["converter"] or "str"
    converters = get_converters()
    if kind not in converters:
        raise BadTopic(f"{text!r}: no converter {kind!r}; there are {', '.join(converters)}.")
    return Variable(found["name"], converters[kind])


def _meet(one: str | Variable, two: str | Variable) -> bool:
    if isinstance(one, str) and isinstance(two, str):
        return one == two
    if isinstance(one, str):
        return isinstance(two, Variable) and two.takes(one)
    if isinstance(two, str):
        return one.takes(two)
    same = one.converter.regex == two.converter.regex
    return same or any(one.takes(sample) and two.takes(sample) for sample in _SAMPLES)
