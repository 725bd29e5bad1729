from __future__ import annotations

import os
import socket
import sys
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import connections

from config import var_dir
from config.errors import CannotStart
from config.up import redis
from config.up.children import Child, say
from config.up.look import Look
from config.up.supervisor import Supervisor


class Command(BaseCommand):
    """The whole site from one terminal; it has no options but HOST, PORT, VAR_DIR and WORKERS."""

    help = "Run the site: a private Redis, migrations, Daphne and Celery workers."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if sys.platform == "win32":
                raise CannotStart("Windows itself can not run this: use WSL 2 and its own disk.")
            check_port(settings.HOST, settings.PORT)
            with var_dir.claim(settings.VAR_DIR):
                self._run()
        except CannotStart as error:
            raise CommandError(str(error)) from error

    def _run(self) -> None:
        if settings.DATABASES["default"]["NAME"] == settings.VAR_DIR / "db.sqlite3":
            var_dir.check_wal(settings.VAR_DIR)
        var_dir.make_secret_key(settings.VAR_DIR)
        started = _redis() if settings.PRIVATE_REDIS else []
        site = [*_workers(), _web()]
        self.check()
        supervisor = Supervisor([*started, *site])
        say("up", "migrating the database")
        call_command("migrate", interactive=False, verbosity=0)
        connections.close_all()
        supervisor.run(Look(renew=lambda: supervisor.stop(site)))


def check_port(host: str, port: int) -> None:
    """Refuse an address on which Daphne could not listen."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            # What an earlier server has closed a moment ago is no hindrance.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise CannotStart(
            f"{host}:{port} can not be listened on ({error.strerror}): stop what uses it, "
            f"or choose another, as in `make up PORT={port + 1}`."
        ) from error


def _redis() -> list[Child]:
    return [Child("redis", redis.command(var_dir.place_socket(settings.VAR_DIR)), _environment())]


def _workers() -> list[Child]:
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "config", "worker", "-l", "INFO"]
    # Each site has its own few workers: nothing to find out about neighbours.
    command += ["--without-gossip", "--without-mingle"]
    return [
        Child(f"worker{n}", [*command, "-n", f"worker{n}@%h"], _environment())
        for n in range(1, settings.WORKERS + 1)
    ]


def _web() -> Child:
    address = ["-b", settings.HOST, "-p", str(settings.PORT)]
    command = [sys.executable, "-m", "daphne", *address, "config.asgi:application"]
    return Child("web", command, _environment())


def _environment() -> dict[str, str]:
    here = {"PYTHONPATH": str(settings.BASE_DIR), "VAR_DIR": str(settings.VAR_DIR)}
    return {**os.environ, "PYTHONUNBUFFERED": "1", **here}
