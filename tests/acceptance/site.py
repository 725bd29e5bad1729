"""The site as a person starts it: `manage.py up` with its real processes, on ports of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import cast
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

from tests import services

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("channels_celery", "config", "realtime", "tasks")
READY_SECONDS = 120.0
STOP_SECONDS = 45.0
#: What decides about the site must come from the test, not from the shell that runs it.
SITE_VARIABLES = (
    *("ALLOWED_HOSTS", "CELERY_BROKER_URL", "CSRF_TRUSTED_ORIGINS", "DATABASE_URL", "DEBUG"),
    *("DJANGO_SETTINGS_MODULE", "HOST", "MEDIA_ROOT", "PORT", "REDIS_URL", "SECRET_KEY"),
    *("SECRET_KEY_FILE", "STATIC_ROOT", "VAR_DIR", "WORKERS"),
)
_open = build_opener(ProxyHandler({})).open


@dataclass(slots=True)
class Site:
    """A running site. `code` is its own copy of the code: a test may edit it."""

    port: int
    code: Path
    var_dir: Path
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def websocket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def output(self) -> str:
        """All that the terminal has shown."""
        return self.log.read_text(encoding="utf-8")

    def wait_for(self, text: str, *, times: int = 1, seconds: float = READY_SECONDS) -> None:
        """Wait until the terminal has shown `text` so many times."""
        services.until(
            lambda: self.output().count(text) >= times or self.process.poll() is not None,
            seconds=seconds,
            what=lambda: f"{text!r} from the site, which said:\n{self.output()}",
        )
        assert self.output().count(text) >= times, self.output()

    def pid(self, name: str) -> int:
        """The process id of `web`, `worker1` or `redis` as it runs now."""
        found = re.findall(rf"^up +\| {name} is process (\d+)$", self.output(), re.MULTILINE)
        assert found, self.output()
        return int(found[-1])

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to one of its processes; the process id that it had."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a plain GET."""
        with _open(Request(self.url + path), timeout=10) as answer:  # noqa: S310 - our own
            return answer.status, answer.read().decode()

    def submit(self, path: str, **fields: str) -> None:
        """Fill in the form of a page and send it, as somebody without scripts does."""
        cookies = CookieJar()
        open = build_opener(ProxyHandler({}), HTTPCookieProcessor(cookies)).open
        open(self.url + path, timeout=10).close()
        fields["csrfmiddlewaretoken"] = {one.name: one.value or "" for one in cookies}["csrftoken"]
        open(self.url + path, urlencode(fields).encode(), timeout=10).close()

    def lacking(self) -> dict[str, str]:
        """What `/readyz` says is not ok."""
        _, body = self.get("/readyz")
        return {part: text for part, text in json.loads(body).items() if text != "ok"}

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def running(folder: Path, *, wait: bool = True, **environment: str) -> Iterator[Site]:
    """A site of its own under `folder`; `environment` is what its owner would set."""
    need_redis = "REDIS_URL" not in environment
    if need_redis:
        services.need("redis", services.redis_program())
    code = copy_of_the_code(folder / "code")
    port = services.free_port()
    var_dir = folder / "var"
    chosen = {"DEBUG": "1", "PORT": str(port), "VAR_DIR": str(var_dir), **environment}
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=code,
            env={**inherited(), **chosen},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    site = Site(port, code, var_dir, folder / "up.log", process)
    try:
        if wait:
            site.wait_for("Ready: ")
        yield site
    finally:
        if process.poll() is None:
            site.stop()


def elsewhere(port: int) -> Site:
    """A site that something else runs: its pages can be seen, its processes not touched."""
    nothing = Path(os.devnull)
    return Site(port, ROOT, nothing, nothing, cast("subprocess.Popen[bytes]", None))


def inherited() -> dict[str, str]:
    """The environment without what decides about the site."""
    return {key: value for key, value in os.environ.items() if key not in SITE_VARIABLES}


def copy_of_the_code(target: Path) -> Path:
    """The site's code elsewhere, so that an edit in the checkout restarts nothing."""
    leave = shutil.ignore_patterns("__pycache__")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, target / package, ignore=leave)
    shutil.copy2(ROOT / "manage.py", target)
    return target
