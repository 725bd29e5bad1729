"""`/healthz` and `/readyz` of a web server whose surroundings are missing."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
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
            "jobs": "ok",
        }

        send_stuck_job(site_folder)
        status, body = ready(port)
        assert (status, body["jobs"]) == (200, "1 stuck (thumbnailer): broker unreachable")
        with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as follower:
            follower.request("GET", "/events/")
            assert follower.getresponse().status == 200
            status, metrics = get(port, "/metrics")
        assert status == 200
        assert "channels_celery_hub_connections 1\n" in metrics
        assert (
            'channels_celery_stuck_jobs{channel="thumbnailer",reason="broker unreachable"} 1\n'
            in metrics
        )
        assert "channels_celery_broker_up 0\n" in metrics


def send_stuck_job(var_dir: Path) -> None:
    """A job that could have run a minute ago."""
    send = [sys.executable, "manage.py", "jobs", "send", "thumbnailer", '{"image": "none"}']
    environment = {**inherited(), "VAR_DIR": str(var_dir)}
    subprocess.run(send, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    with closing(sqlite3.connect(var_dir / "db.sqlite3")) as store, store:
        store.execute("UPDATE channels_celery_job SET ready = ready - 60000")


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
    assert (body["workers"], body["jobs"]) == ("unknown", "unknown")
