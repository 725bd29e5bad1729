"""Tables written from the source, so that they can not lag behind it.

`{settings-table}`: every setting of the library with its default and its comment.
`{checks-table}`: every system check and finding of the doctor, with its id.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

LIBRARY = Path(__file__).resolve().parents[2] / "channels_celery"
_ID = re.compile(r"channels_celery\.([EWI]\d{3})")
_COMMENTED = re.compile(r"((?:^    #: .*\n)+)^    (\w+):", re.MULTILINE)


def settings_rows() -> Iterator[tuple[str, str, str]]:
    """Name, default and meaning of each setting."""
    from channels_celery.settings import Settings

    source = (LIBRARY / "settings.py").read_text(encoding="utf-8")
    meaning = {
        name: " ".join(line.strip().removeprefix("#: ") for line in comment.splitlines())
        for comment, name in _COMMENTED.findall(source)
    }
    for field in fields(Settings):
        shown = repr(field.default) if isinstance(field.default, str) else f"{field.default:g}"
        yield f"`{field.name}`", f"`{shown}`", meaning[field.name]


def checks_rows() -> Iterator[tuple[str, str, str]]:
    """Id, words and remedy of each check; what differs from case to case is an ellipsis."""
    found: list[tuple[str, str, str]] = []
    for path in sorted(LIBRARY.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call):
                given = {word.arg: word.value for word in call.keywords if word.arg}
                number = _ID.fullmatch(_words(given.get("id")))
                if number and call.args:
                    found.append((number[1], _words(call.args[0]), _words(given.get("hint"))))
    for name, words, hint in sorted(found, key=lambda one: one[0][1:]):
        yield f"`{name}`", words, hint


def _words(node: ast.expr | None) -> str:
    """The text that an expression makes, as far as the source tells."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_words(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        named = isinstance(node.value, ast.Attribute) and node.value.attr == "NAME"
        return "CHANNELS_CELERY" if named else "…"
    if isinstance(node, ast.IfExp):
        return f"{_words(node.body)} / {_words(node.orelse)}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _words(node.func.value)
    return "…"


Rows = Iterator[tuple[str, str, str]]


class _Table(SphinxDirective):
    headings: tuple[str, str, str]
    rows: Callable[[], Rows]

    def run(self) -> list[nodes.Node]:
        lines = ["| " + " | ".join(self.headings) + " |", "|" + " --- |" * len(self.headings)]
        lines += ["| " + " | ".join(map(_plain, row)) + " |" for row in self.rows()]
        place: nodes.Element = nodes.container()
        self.state.nested_parse(StringList(lines, "source"), self.content_offset, place)
        return list(place.children)


class SettingsTable(_Table):
    headings = ("setting", "default", "what it is")
    rows = staticmethod(settings_rows)


class ChecksTable(_Table):
    headings = ("id", "what it says", "what to do")
    rows = staticmethod(checks_rows)


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("{", "&#123;")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("settings-table", SettingsTable)
    app.add_directive("checks-table", ChecksTable)
    return {"parallel_read_safe": True}
