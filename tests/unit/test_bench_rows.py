"""What the bench says of its own numbers."""

from __future__ import annotations

import pytest

from bench import readme, report
from bench.rows import Goal, Row


def row(*goals: Goal, **values: float) -> Row:
    return Row(
        what="in flight",
        unit="/s",
        goals=goals,
        values={name.replace("_", ", "): [value] for name, value in values.items()},
    )


@pytest.mark.parametrize(("ours", "missed"), [(30.0, False), (29.0, True)])
def test_a_ratio_below_its_goal_is_missed(ours: float, missed: bool) -> None:
    measured = row(Goal(against="glue", at_least=1.5), glue=20.0, SQLite=ours)
    assert bool(measured.missed("SQLite")) is missed
    assert ("**missed**" in report.cell(measured, "SQLite")) is missed


def test_a_median_above_its_bound_is_missed() -> None:
    assert row(Goal(at_most=20_400), SQLite=20_401).missed("SQLite")
    assert not row(Goal(at_most=20_400), SQLite=20_400).missed("SQLite")


def test_each_database_is_compared_with_its_own_past() -> None:
    measured = row(
        Goal(against="before", at_least=0.85),
        before_SQLite=100.0,
        before_PostgreSQL=50.0,
        SQLite=80.0,
        PostgreSQL=50.0,
    )
    assert measured.missed("SQLite")
    assert not measured.missed("PostgreSQL")


def test_without_its_peer_a_goal_judges_nothing() -> None:
    assert row(Goal(against="glue", at_least=1.5), SQLite=1.0).missed("SQLite") == []


def test_results_replace_those_between_the_marks() -> None:
    text = f"before {readme.START}\nold\n{readme.END} after"
    found = readme.put(text, "| new |\n")
    assert found == f"before {readme.START}\n| new |\n{readme.END} after"
    with pytest.raises(SystemExit, match="has no"):
        readme.put("no marks", "")


def test_readme_shows_the_results_that_are_kept() -> None:
    table = (readme.KEPT / "results.md").read_text(encoding="utf-8")
    text = readme.README.read_text(encoding="utf-8")
    assert readme.put(text, table) == text
