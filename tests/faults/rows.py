"""The rows of the matrix: which there are, and on which database each is run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .scene import Found
from .site import Site

Run = Callable[[Site, Found], Awaitable[None]]
BOTH = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fault and its claim. Rows that are `alone` disturb the others of their site."""

    name: str
    run: Run
    alone: bool
    databases: tuple[str, ...]
    short: bool


ROWS: list[Row] = []


def row(
    name: str, *, alone: bool = True, databases: tuple[str, ...] = BOTH, short: bool = True
) -> Callable[[Run], Run]:
    """Add a row; `short` ones are also part of the short form."""

    def add(run: Run) -> Run:
        ROWS.append(Row(name=name, run=run, alone=alone, databases=databases, short=short))
        return run

    return add
