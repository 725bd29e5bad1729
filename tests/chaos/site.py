from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import redis

from bench import stacks
from tests import services

from .processes import Service, until

WORKERS = 2
CHILDREN = 2


class Site:
    """A database, Redis, Daphne and two workers; each process starts again when it ends."""

    def __init__(self, folder: Path, *, server: bool, **settings: Any) -> None:
        self.folder = folder
        #: PostgreSQL, else SQLite.
        self.server = server
        self.data = folder / "pg"
        if server:
            services.start_postgresql(self.data, durable=True)
        self.redis_port, self.port = services.free_port(), services.free_port()
        self.env = self._environment(settings)
        self._manage("migrate", "-v", "0")
        self.redis = self._service("redis", self._redis_command())
        until(lambda: services.answers(self.redis_port), seconds=10, what="Redis")
        web = ["daphne", "-b", "127.0.0.1", "-v", "0", "-p", str(self.port)]
        self.web = self._service("web", [*_python(*web), "tests.chaos.asgi:application"])
        work = ["celery", "-A", "tests.chaos", "worker", "-l", "INFO", "-c", str(CHILDREN)]
        quiet = ["--without-gossip", "--without-mingle"]
        self.workers = [
            self._service(f"worker{number}", _python(*work, *quiet, "-n", f"worker{number}@chaos"))
            for number in range(WORKERS)
        ]
        until(lambda: services.answers(self.port), seconds=30, what="web server")

    @property
    def url(self) -> str:
        return f"127.0.0.1:{self.port}"

    def sql(self, statement: str) -> None:
        """On a connection of its own: the database may have been restarted."""
        with psycopg.connect(host=str(self.data), user="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def redis_says(self, *command: str) -> Any:
        """The answer of Redis, on a connection of its own."""
        with closing(redis.Redis(port=self.redis_port)) as connection:
            return connection.execute_command(*command)

    def end(self) -> None:
        for service in (*self.workers, self.web, self.redis):
            service.end()
        if self.server:
            services.stop_postgresql(self.data)

    def _service(self, name: str, command: list[str]) -> Service:
        return Service(name, command, self.env, self.folder / f"{name}.log")

    def _manage(self, *arguments: str) -> None:
        subprocess.run(_python("django", *arguments), env=self.env, check=True)

    def _redis_command(self) -> list[str]:
        return [
            *(str(services.redis_program()), "--port", str(self.redis_port)),
            *("--bind", "127.0.0.1", "--save", "", "--appendonly", "no"),
            *("--dir", str(self.folder)),
        ]

    def _environment(self, settings: dict[str, Any]) -> dict[str, str]:
        database = stacks.sqlite(self.folder)
        if self.server:
            engine = "django.db.backends.postgresql"
            database = {"ENGINE": engine, "HOST": str(self.data), "USER": "postgres"}
            database["NAME"] = "postgres"
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            "CHAOS_REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "CHAOS_DATABASE": json.dumps(database),
            "CHAOS_SETTINGS": json.dumps(settings),
        }


def _python(*arguments: str) -> list[str]:
    return [sys.executable, "-m", *arguments]
