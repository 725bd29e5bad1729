"""A real Celery worker of `tests.project`, started and ended by its process id."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connections

from channels_celery.jobs.models import Worker
from tests.services import until

ROOT = Path(__file__).resolve().parents[3]


def environment(alias: str, redis_url: str, **ours: object) -> dict[str, str]:
    """What a process of `tests.project` needs to join the test's database and broker."""
    given = connections[alias].settings_dict
    names = ("ENGINE", "NAME", "HOST", "USER", "OPTIONS")
    database = {name: given[name] for name in names}
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.project.settings",
        "TEST_DATABASE": json.dumps(database, default=str),
        "TEST_REDIS_URL": redis_url,
        "TEST_CHANNELS_CELERY": json.dumps(ours),
        "PYTHONWARNINGS": "default",
    }


@contextmanager
def worker(
    alias: str, env: dict[str, str], log: Path, *options: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that has beaten once; its whole group ends with the test."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tests.project", "worker", "-l", "INFO",
             "--without-gossip", "--without-mingle", *options],
            cwd=ROOT, env=env, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        until(
            lambda: Worker.objects.using(alias).filter(pid=process.pid).exists(),
            what=lambda: f"beating worker; its log is {log.read_text()[-2000:]}",
        )
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a worker's main process and its children at once."""
    if process.poll() is None or _group_lives(process.pid):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
