"""What was measured, and what was to be reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

#: The library's own columns; every other name is a peer's.
OURS = ("SQLite", "PostgreSQL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A bound on a median of ours: itself, or its ratio to the peer `against`."""

    against: str = ""
    at_least: float | None = None
    at_most: float | None = None

    def __str__(self) -> str:
        sign, bound = ("≤", self.at_most) if self.at_least is None else ("≥", self.at_least)
        return f"{sign} {bound:g}x {self.against}" if self.against else f"{sign} {bound:,g}"

    def met(self, number: float) -> bool:
        if self.at_least is not None and number < self.at_least:
            return False
        return self.at_most is None or number <= self.at_most


@dataclass(slots=True, kw_only=True)
class Row:
    """One line of the table: by column the values of each round."""

    what: str
    unit: str
    goals: tuple[Goal, ...]
    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, column: str, value: float) -> None:
        self.values.setdefault(column, []).append(value)

    def median(self, column: str) -> float:
        return median(self.values[column])

    def number(self, column: str, goal: Goal) -> float | None:
        """What the goal judges; None: its peer was not measured."""
        if not goal.against:
            return self.median(column)
        # A row about ourselves has a peer for each of our columns.
        for against in (f"{goal.against}, {column}", goal.against):
            if against in self.values:
                return self.median(column) / self.median(against)
        return None

    def missed(self, column: str) -> list[Goal]:
        numbers = [(goal, self.number(column, goal)) for goal in self.goals]
        return [goal for goal, number in numbers if number is not None and not goal.met(number)]
