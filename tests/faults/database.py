"""The two databases of a site, each able to go away and to come back with less than it had."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from tests import services


class Database(Protocol):
    """`keep` takes a copy of everything, `restore` brings it back while the servers run on."""

    name: str
    settings: dict[str, Any]

    def start(self) -> None: ...
    def keep(self) -> None: ...
    def restore(self) -> None: ...
    def stop(self) -> None: ...
    def end(self) -> None: ...


class Sqlite:
    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._file, self._copy = folder / "db.sqlite3", folder / "kept.sqlite3"
        self.settings: dict[str, Any] = {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(self._file),
            "OPTIONS": {
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
            },
        }

    def keep(self) -> None:
        self._copy_all(self._file, self._copy)

    def restore(self) -> None:
        """Over the file that the servers have open."""
        self._copy_all(self._copy, self._file)

    def _copy_all(self, source: Path, target: Path) -> None:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)

    def start(self) -> None:
        """It is a file."""

    def stop(self) -> None:
        raise NotImplementedError("a file does not go away")

    def end(self) -> None:
        """It goes with its folder."""


class Postgresql:
    name = "postgresql"

    def __init__(self, folder: Path) -> None:
        self._data, self._copy = folder / "pg", folder / "kept"
        self._begun = False
        self.settings: dict[str, Any] = {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": str(self._data),
            "USER": "postgres",
            "NAME": "postgres",
        }

    def start(self) -> None:
        if self._begun:
            self._control("-w", "-l", f"{self._data}/log", "-o", self._options(), "start")
        else:
            services.start_postgresql(self._data)
        self._begun = True

    def keep(self) -> None:
        self.stop()
        # With its owner: PostgreSQL takes no folder that is not its own.
        subprocess.run(["cp", "-a", str(self._data), str(self._copy)], check=True)
        self.start()

    def restore(self) -> None:
        """As after a lost machine: it was away, and comes back as it was at the last copy."""
        self.stop()
        shutil.rmtree(self._data)
        self._copy.rename(self._data)
        self.start()

    def stop(self) -> None:
        self._control("-m", "fast", "-w", "stop")

    def end(self) -> None:
        services.stop_postgresql(self._data)

    def _options(self) -> str:
        return f"-k {self._data} -h '' -F -c max_connections=200"

    def _control(self, *arguments: str) -> None:
        programs = services.postgresql_folder()
        assert programs is not None
        as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run(
            [*as_owner, str(programs / "pg_ctl"), "-D", str(self._data), *arguments],
            check=True, cwd="/", stdout=subprocess.DEVNULL,
        )  # fmt: skip
