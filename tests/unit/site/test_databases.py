from __future__ import annotations

from pathlib import Path

import pytest

from config.databases import default
from config.environment import Environment

VAR_DIR = Path("/var/site")


def test_embedded_database_is_sqlite_that_keeps_what_it_commits() -> None:
    database = default(Environment({}), VAR_DIR)

    assert database["ENGINE"] == "django.db.backends.sqlite3"
    assert database["NAME"] == VAR_DIR / "db.sqlite3"
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]
    assert "synchronous=FULL" in database["OPTIONS"]["init_command"]


def test_sqlite_by_its_address_has_the_same_options() -> None:
    database = default(Environment({"DATABASE_URL": "sqlite:////data/site.db"}), VAR_DIR)

    assert database["NAME"] == "/data/site.db"
    assert database["OPTIONS"] == default(Environment({}), VAR_DIR)["OPTIONS"]


def test_postgresql_is_taken_from_its_address() -> None:
    url = "postgresql://owner:pass%40word@db:5433/site"
    database = default(Environment({"DATABASE_URL": url}), VAR_DIR)

    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["HOST"], database["PORT"]) == ("db", 5433)
    assert database["PASSWORD"] == "pass@word"


@pytest.mark.parametrize(
    "url",
    ["nonsense", "oracel://user:hidden@host/name", "mysql://u:hidden@host/name", "postgresql://db"],
)
def test_wrong_address_is_a_problem_that_shows_no_password(url: str) -> None:
    env = Environment({"DATABASE_URL": url})
    default(env, VAR_DIR)

    (problem,) = env.problems
    assert problem.id == "config.E002"
    assert "hidden" not in problem.text + problem.hint


def test_postgresql_that_is_gone_is_noticed() -> None:
    options = default(Environment({"DATABASE_URL": "postgresql://db/site"}), VAR_DIR)["OPTIONS"]

    assert options["connect_timeout"] == 5
    assert options["keepalives_idle"] == 30
    assert "pool" not in options


def test_option_of_the_address_is_stronger_than_ours() -> None:
    url = "postgresql://db/site?connect_timeout=2"
    database = default(Environment({"DATABASE_URL": url}), VAR_DIR)

    assert int(database["OPTIONS"]["connect_timeout"]) == 2


def test_requests_share_as_many_connections_as_they_are_given() -> None:
    given = {"DATABASE_URL": "postgresql://db/site", "DATABASE_POOL": "10"}
    database = default(Environment(given), VAR_DIR)

    assert database["OPTIONS"]["pool"]["max_size"] == 10
    # Django refuses a pool beside connections that last.
    assert database.get("CONN_MAX_AGE", 0) == 0
