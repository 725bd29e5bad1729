from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tests import services

PACKAGES = ("celery", "channels", "channels_redis", "daphne", "django", "psycopg", "redis")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where the numbers come from: they mean nothing elsewhere."""

    processor: str
    processors: int
    memory_gib: int
    system: str
    python: str
    sqlite: str
    postgresql: str
    packages: dict[str, str]
    #: What else the machine was doing when the measuring began: its load average.
    load: float

    def __str__(self) -> str:
        packages = ", ".join(f"{name} {number}" for name, number in self.packages.items())
        return (
            f"{self.processors} processors ({self.processor}), {self.memory_gib} GiB,"
            f" {self.system}, Python {self.python}, SQLite {self.sqlite} with synchronous=FULL,"
            f" {self.postgresql}, {packages}. Load before the first measure: {self.load:.1f}."
        )


def look() -> Machine:
    """This machine, now."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        processor=_processor(),
        processors=os.cpu_count() or 1,
        memory_gib=round(pages / 2**30),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        postgresql=_postgresql(),
        packages={package: version(package) for package in PACKAGES},
        load=os.getloadavg()[0],
    )


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"model name\s*: (.+)", text)
    return found[1] if found else platform.machine()


def _postgresql() -> str:
    programs = services.postgresql_folder()
    if programs is None:
        return "no PostgreSQL"
    command = [str(programs / "postgres"), "--version"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return "PostgreSQL " + text.split()[2]
