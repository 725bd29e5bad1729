"""`/healthz` and `/readyz` of a web server whose surroundings are missing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests import services
from tests.acceptance.site import ROOT, inherited


@contextmanager
def web(folder: Path, **environment: str) -> Iterator[int]:
    """Daphne alone, as in production; its port."""
    port = services.free_port()
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "daphne", "-p", str(port), "config.asgi:application"],
            cwd=ROOT,
            env={**inherited(), **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        services.until(
            lambda: services.answers(port) or process.poll() is not None, what="web server"
        )
        yield port
    finally:
        process.terminate()
        process.wait(30)


def get(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def ready(port: int) -> tuple[int, dict[str, Any]]:
    status, body = get(port, "/readyz")
    return status, json.loads(body)


def test_ready_only_once_the_database_is_migrated(site_folder: Path) -> None:
    with web(site_folder, VAR_DIR=str(site_folder)) as port:
        status, body = ready(port)
        assert status == 503
        assert body["database"] == "not migrated: run manage.py migrate"
        assert get(port, "/healthz") == (200, "ok")

        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        environment = {**inherited(), "VAR_DIR": str(site_folder)}
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True)

        # Without Redis and workers, uploads are still accepted: they wait.
        status, body = ready(port)
        assert status == 200
        assert body == {
            "database": "ok",
            "redis": "away: ConnectionError",
            "broker": "away: OperationalError",
            "workers": "none runs: start celery -A config worker",
        }


def test_database_that_is_away_is_named(site_folder: Path) -> None:
    nobody = f"127.0.0.1:{services.free_port()}"
    with web(
        site_folder,
        ALLOWED_HOSTS="127.0.0.1",
        DATABASE_URL=f"postgresql://owner@{nobody}/site",
        REDIS_URL=f"redis://{nobody}/0",
        SECRET_KEY="only-for-tests",
    ) as port:
        assert get(port, "/healthz") == (200, "ok")
        status, body = ready(port)

    assert status == 503
    assert body["database"] == "away: OperationalError"
    assert body["workers"] == "unknown"
