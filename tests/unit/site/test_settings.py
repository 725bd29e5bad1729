"""The settings as a process of the site sees them: each in a fresh interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PRODUCTION = {
    "ALLOWED_HOSTS": "site.example",
    "DATABASE_URL": "postgresql://owner@db/site",
    "REDIS_URL": "redis://redis:6379/0",
    "SECRET_KEY": "s" * 50,
}


def seen(*names: str, **environment: str) -> dict[str, Any]:
    """The named settings under this environment."""
    code = (
        "import json, sys; from django.conf import settings\n"
        "print(json.dumps({n: getattr(settings, n) for n in sys.argv[1:]}, default=str))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *names],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def check(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_nothing_set_is_the_embedded_site(tmp_path: Path) -> None:
    found = seen(
        *("DEBUG", "ALLOWED_HOSTS", "REDIS_URL", "CELERY_BROKER_URL", "ENVIRONMENT_PROBLEMS"),
        VAR_DIR=str(tmp_path),
    )

    assert found["DEBUG"] is False
    assert found["ALLOWED_HOSTS"] == [".localhost", "127.0.0.1", "[::1]", "127.0.0.1"]
    assert found["REDIS_URL"] == f"unix://{tmp_path}/redis.sock"
    assert found["CELERY_BROKER_URL"] == f"redis+socket://{tmp_path}/redis.sock?virtual_host=0"
    assert found["ENVIRONMENT_PROBLEMS"] == []


def test_processes_of_one_var_dir_share_their_secret_key(tmp_path: Path) -> None:
    from config.var_dir import make_secret_key

    make_secret_key(tmp_path)
    keys = [seen("SECRET_KEY", VAR_DIR=str(tmp_path))["SECRET_KEY"] for _ in range(2)]

    assert keys[0] == keys[1]
    assert len(keys[0]) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_production_takes_what_it_is_given() -> None:
    found = seen(
        *("SECRET_KEY", "REDIS_URL", "CELERY_BROKER_URL", "PRIVATE_REDIS", "ENVIRONMENT_PROBLEMS"),
        **PRODUCTION,
        CELERY_BROKER_URL="amqp://rabbit//",
    )

    assert found == {
        "SECRET_KEY": "s" * 50,
        "REDIS_URL": "redis://redis:6379/0",
        "CELERY_BROKER_URL": "amqp://rabbit//",
        "PRIVATE_REDIS": False,
        "ENVIRONMENT_PROBLEMS": [],
    }


@pytest.mark.parametrize("missing", ["ALLOWED_HOSTS", "REDIS_URL", "SECRET_KEY"])
def test_production_guesses_nothing(missing: str) -> None:
    given = {name: value for name, value in PRODUCTION.items() if name != missing}
    said = check(**given)

    assert "(config.E001)" in said
    assert missing in said
    assert "HINT" in said


def test_sound_production_has_no_complaint() -> None:
    assert "no issues" in check(**PRODUCTION)


def test_web_server_refuses_a_wrong_environment() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import config.asgi"],
        cwd=ROOT,
        env={**PRODUCTION, "REDIS_URL": "", "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "REDIS_URL is not set. Write redis://" in done.stderr


def test_no_migration_is_missing() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
        cwd=ROOT, env={}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
