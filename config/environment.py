"""Environment variables, read once and typed; what is wrong with them becomes a system check."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(frozen=True, slots=True)
class Problem:
    """A variable that is missing or wrong: what a system check reports."""

    id: str
    text: str
    hint: str


class Environment:
    """Reads variables by type.

    A missing or wrong one is noted in `problems` and answered with a value that harms nobody,
    so that the settings import and the system check can name them all at once.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.problems: list[Problem] = []

    def text(self, name: str, default: str = "") -> str:
        """A string; an empty one counts as unset."""
        return self._values.get(name, "").strip() or default

    def required(self, name: str, hint: str) -> str:
        """A string that has no default; `hint` says what to write."""
        if not (value := self.text(name)):
            self.note("config.E001", f"{name} is not set.", hint)
        return value

    def address(self, name: str, value: str, schemes: Iterable[str], hint: str) -> str:
        """`value` if it is a URL of one of `schemes`, else nothing.

        What is noted leaves the text out: it may hold a password.
        """
        try:
            scheme = urlsplit(value).scheme
        except ValueError:
            scheme = ""
        if value and scheme not in schemes:
            self.note("config.E002", f"{name} is no address that this site knows.", hint)
            return ""
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A switch."""
        value = self.text(name, str(int(default))).lower()
        if value not in _FLAGS:
            self.note("config.E002", f"{name} is {value!r}.", f"Write {name}=1 or {name}=0.")
        return _FLAGS.get(value, False)

    def number(self, name: str, default: int, *, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self.text(name, str(default))
        if value.isdecimal() and low <= int(value) <= high:
            return int(value)
        hint = f"Write a whole number from {low} to {high}, or unset it for {default}."
        self.note("config.E002", f"{name} is {value!r}.", hint)
        return default

    def path(self, name: str) -> str:
        """The path part of an address, from its root; empty if unset."""
        if (value := self.text(name)) and not value.startswith("/"):
            self.note("config.E002", f"{name} is {value!r}.", f"Let {name} begin with a slash.")
            return ""
        return value

    def listing(self, name: str) -> list[str]:
        """Strings separated by commas."""
        return [part for part in map(str.strip, self.text(name).split(",")) if part]

    def secret(self, name: str, hint: str) -> str:
        """A string from the variable, or from the file that `<name>_FILE` names.

        Without either, a random one: good for this process alone.
        """
        if value := self.text(name):
            return value
        file = self.text(f"{name}_FILE")
        if not file:
            self.note("config.E001", f"Neither {name} nor {name}_FILE is set.", hint)
            return secrets.token_urlsafe(50)
        try:
            if value := Path(file).read_text(encoding="utf-8").strip():
                return value
            text = f"{name}_FILE is empty ({file})."
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            text = f"{name}_FILE can not be read: {why} ({file})."
        self.note("config.E003", text, "Name a file that this process may read.")
        return secrets.token_urlsafe(50)

    def note(self, id: str, text: str, hint: str) -> None:
        """Remember what is wrong for the system check."""
        self.problems.append(Problem(id, text, hint))


def require(problems: Iterable[Problem]) -> None:
    """End a process that would serve with a wrong environment; web servers run no checks."""
    if lines := [f"{problem.text} {problem.hint}" for problem in problems]:
        sys.exit("\n".join(["This process can not start.", *lines]))
