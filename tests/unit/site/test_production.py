"""Production as its processes start: sound, or one sentence for each thing that is wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.unit.site.test_settings import PRODUCTION, ROOT, seen

SOUND = {**PRODUCTION, "SECRET_KEY": "Kq3-x7Tf9_vLm2Zr8Yb5Wc1Nd6Hg4Js0PaEuQiRoStUvXyZa-Bq9Rm2"}


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_deployment_check_is_clean() -> None:
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **SOUND)

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize(
    "server",
    [
        ["-m", "daphne", "-p", "0", "config.asgi:application"],
        ["-m", "celery", "-A", "config", "worker"],
        ["-c", "import config.wsgi"],
    ],
    ids=["daphne", "celery", "wsgi"],
)
def test_wrong_environment_ends_each_server_with_its_sentences(server: list[str]) -> None:
    done = run(*server, **{**SOUND, "REDIS_URL": "", "DEBUG": "perhaps"})

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "This process can not start.",
        "DEBUG is 'perhaps'. Write DEBUG=1 or DEBUG=0.",
        "REDIS_URL is not set. Write redis://host:6379/0 or unix:///path/to/socket.",
    ]


def test_production_is_secure_unless_told_that_there_is_no_tls() -> None:
    names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT")

    assert set(seen(*names, **SOUND).values()) == {True}
    assert set(seen(*names, **SOUND, HTTPS="0").values()) == {False}
    assert seen("SECURE_PROXY_SSL_HEADER", **SOUND, HTTPS="0") == {"SECURE_PROXY_SSL_HEADER": None}


def test_every_wrong_variable_is_one_sentence() -> None:
    wrong = {
        "ALLOWED_HOSTS": "https://site.example,*,.b.example,[::1]",
        "CELERY_BROKER_URL": "rabbit:hidden",
        "CSRF_TRUSTED_ORIGINS": "site.example",
        "DATABASE_POOL": "many",
        "DATABASE_URL": "postgresql://owner@db/site",
        "DEBUG": "perhaps",
        "HTTPS": "on",
        "MEDIA_ACCEL": "accel",
        "PORT": "0",
        "PROXY_HEADERS": "yes please",
        "REDIS_URL": "http://:hidden@redis",
        "WORKERS": "-1",
    }
    (title, *sentences) = run("-c", "import config.wsgi", **wrong).stderr.splitlines()

    assert title == "This process can not start."
    assert sorted(each.split()[0] for each in sentences) == sorted(
        {**wrong, "Neither": "SECRET_KEY"}.keys() - {"DATABASE_URL"}
    )
    assert "hidden" not in str(sentences)


def test_empty_key_file_is_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("key") / "key"
    file.touch()
    given = {key: value for key, value in SOUND.items() if key != "SECRET_KEY"}
    done = run("manage.py", "check", **given, SECRET_KEY_FILE=str(file))

    assert f"SECRET_KEY_FILE is empty ({file})." in done.stderr
