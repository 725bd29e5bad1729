from __future__ import annotations

import os
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import connections

from config import embedded
from config.up import preflight, ready, redis, watch
from config.up.children import Child, say
from config.up.supervisor import Supervisor

_PACKAGES = ("channels_celery", "config", "realtime", "tasks")
# Each copy of the site has its own few workers: nothing to find out about neighbours.
_ALONE = ("--without-gossip", "--without-mingle")
#: After so long without being ready, what is lacking is said once.
SLOW_SECONDS = 20.0

HINTS = """\
Ready: {site}
  {site}images/  upload images, watch their thumbnails appear
  {site}chat/    a websocket that echoes text and binary
  {site}readyz   what runs
Ctrl-C stops everything."""


class Command(BaseCommand):
    """Everything the site needs, from one terminal."""

    help = "Run the site: a private Redis, migrations, Daphne and Celery workers; for development."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            preflight.check_platform()
            with preflight.claim(settings.VAR_DIR):
                self._run()
        except preflight.CannotStart as error:
            raise CommandError(str(error)) from error

    def _run(self) -> None:
        preflight.check_port(settings.HOST, settings.PORT)
        if not os.environ.get("DATABASE_URL"):
            preflight.check_wal(settings.VAR_DIR)
        if not os.environ.get("SECRET_KEY"):
            embedded.make_secret_key(settings.VAR_DIR)
        children = _children()
        self.check()
        supervisor = Supervisor(children)
        say("up", "migrating the database")
        call_command("migrate", interactive=False, verbosity=0)
        connections.close_all()
        supervisor.run(_Look(supervisor, children))


class _Look:
    """What is looked at about once a second: is the site ready, has its code changed."""

    def __init__(self, supervisor: Supervisor, children: list[Child]) -> None:
        self._supervisor = supervisor
        self._site = [child for child in children if child.kind != "redis"]
        self._slow_at: float | None = time.monotonic() + SLOW_SECONDS
        self._announced = False
        self._code = self._state()

    def __call__(self) -> None:
        if not self._announced:
            self._announce()
        if (code := self._state()) != self._code:
            self._code = code
            say("up", "the code has changed: web and workers start anew")
            self._supervisor.stop(self._site)

    def _announce(self) -> None:
        name = settings.ALLOWED_HOSTS[0].lstrip(".*") or "localhost"
        lacking = ready.lacking(settings.HOST, settings.PORT, name)
        if not settings.WORKERS:
            lacking.pop("workers", None)
        self._announced = not lacking
        if not lacking:
            site = f"http://{settings.HOST}:{settings.PORT}/"
            for line in HINTS.format(site=site).splitlines():
                say("up", line)
        elif self._slow_at and time.monotonic() > self._slow_at:
            self._slow_at = None
            say("up", "not ready yet: " + ", ".join(f"{k} {v}" for k, v in lacking.items()))

    def _state(self) -> object:
        return watch.state(settings.BASE_DIR, _PACKAGES) if settings.DEBUG else None


def _children() -> list[Child]:
    environment = {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(settings.BASE_DIR),
        "VAR_DIR": str(settings.VAR_DIR),
    }
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "--quiet", "-A", "config", "worker", "-l", "INFO", *_ALONE]
    address = ["-b", settings.HOST, "-p", str(settings.PORT)]
    children = [
        Child(f"worker{n}", [*celery, "-n", f"worker{n}@%h"], environment)
        for n in range(1, settings.WORKERS + 1)
    ]
    daphne = [*python, "daphne", *address, "config.asgi:application"]
    children.append(Child("web", daphne, environment))
    if not os.environ.get("REDIS_URL"):
        socket = embedded.place_socket(settings.VAR_DIR)
        preflight.check_socket(socket)
        children.insert(0, Child("redis", redis.command(socket), environment))
    return children
