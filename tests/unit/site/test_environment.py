from __future__ import annotations

from pathlib import Path

import pytest

from config.environment import Environment, require


def test_empty_variable_counts_as_unset() -> None:
    env = Environment({"NAME": "  "})

    assert env.text("NAME", "default") == "default"
    assert env.problems == []


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("true", True), ("0", False), ("No", False), ("", False)]
)
def test_flag_is_off_unless_switched_on(value: str, expected: bool) -> None:
    env = Environment({"DEBUG": value})

    assert env.flag("DEBUG") is expected
    assert env.problems == []


def test_misspelt_flag_is_off_and_a_problem() -> None:
    env = Environment({"DEBUG": "maybe"})

    assert env.flag("DEBUG") is False
    (problem,) = env.problems
    assert (problem.id, problem.text) == ("config.E002", "DEBUG is 'maybe'.")


@pytest.mark.parametrize("value", ["0", "70000", "-1", "8000.5", "http", "²"])
def test_number_out_of_its_bounds_is_a_problem_that_names_them(value: str) -> None:
    env = Environment({"PORT": value})

    assert env.number("PORT", 8000, low=1, high=65535) == 8000
    (problem,) = env.problems
    assert "from 1 to 65535" in problem.hint


def test_listing_is_split_at_commas() -> None:
    env = Environment({"ALLOWED_HOSTS": "a.example, b.example,,"})

    assert env.listing("ALLOWED_HOSTS") == ["a.example", "b.example"]


def test_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("from the file\n")
    env = Environment({"SECRET_KEY_FILE": str(file)})

    assert env.secret("SECRET_KEY", "hint") == "from the file"
    assert env.problems == []


def test_unreadable_secret_file_is_a_problem_and_the_key_unguessable(tmp_path: Path) -> None:
    env = Environment({"SECRET_KEY_FILE": str(tmp_path / "none")})

    assert len(env.secret("SECRET_KEY", "hint")) >= 50
    (problem,) = env.problems
    assert problem.id == "config.E003"
    assert "No such file" in problem.text


def test_all_problems_are_named_at_once() -> None:
    env = Environment({})
    env.required("REDIS_URL", "Write redis://host:6379/0.")
    env.secret("SECRET_KEY", "Write 50 random characters.")

    with pytest.raises(SystemExit) as refusal:
        require(env.problems)

    assert str(refusal.value).splitlines() == [
        "This process can not start.",
        "REDIS_URL is not set. Write redis://host:6379/0.",
        "Neither SECRET_KEY nor SECRET_KEY_FILE is set. Write 50 random characters.",
    ]


def test_sound_environment_is_served() -> None:
    require([])
