"""Who takes part in a run, and whose turn it is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from .options import Options
from .stacks import Stack
from .trips import Way


@dataclass(frozen=True, slots=True)
class Course:
    """The peers' stack, and ours by their columns."""

    options: Options
    peers: Stack
    ours: dict[str, Stack]
    #: One more of ours, of that column, with nothing in its ledger.
    fresh: Callable[[str], AbstractContextManager[Stack]]

    def single(self) -> list[Way]:
        """Everybody who answers one message with one job."""
        return [
            Way(name="glue", stack=self.peers, path="/glue/"),
            Way(name="runworker", stack=self.peers, path="/runworker/"),
            *self.own_ways("/answer/"),
        ]

    def own_ways(self, path: str) -> list[Way]:
        return [Way(name=name, stack=stack, path=path) for name, stack in self.ours.items()]

    def rounds(self, row: str) -> Iterator[int]:
        """Each round gives everybody a turn, so that a slow moment of the machine is shared."""
        for number in range(1, self.options.rounds + 1):
            sys.stderr.write(f"{row}: round {number} of {self.options.rounds}\n")
            yield number
