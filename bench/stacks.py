"""The processes of one set-up: a Redis, Daphne and workers, on ports of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import redis

from bench.options import PEER_LAYERS
from tests import services

ROOT = Path(__file__).resolve().parents[1]
PROCESSES = 2
START_SECONDS = 90.0
STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One running set-up. `cookie` is the session of a guest who may speak."""

    name: str
    port: int
    environment: dict[str, str]
    broker: redis.Redis
    cookie: str = ""

    def control(self, command: str, count: int = 0) -> str:
        """Run a command of `bench.ours.control` to its end; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "bench.ours.control", command, str(count)],
            cwd=ROOT, env=self.environment, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return done.stdout.strip()


@dataclass(frozen=True, slots=True)
class Web:
    """One more Daphne of a set-up, on the port that its `stack` names."""

    stack: Stack
    pid: int

    def resident_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def web(stack: Stack, package: str, **environment: str) -> Iterator[Web]:
    """A Daphne that nobody has used yet, with this more in its environment."""
    fresh = replace(
        stack, port=services.free_port(), environment={**stack.environment, **environment}
    )
    with tempfile.TemporaryDirectory(prefix="cc-") as folder, ExitStack() as running:
        process = _daphne(fresh, package, Path(folder), running)
        services.until(lambda: services.answers(fresh.port), what="Daphne")
        yield Web(fresh, process.pid)


@contextmanager
def peers(folder: Path, layer: str) -> Iterator[Stack]:
    """Channels and Celery as their documentation sets them up."""
    with ExitStack() as running:
        stack = _stack("peers", folder, running, BENCH_PEER_LAYER=PEER_LAYERS[layer])
        _daphne(stack, "bench.peers", folder, running)
        _celery(stack, "bench.peers", folder, running)
        worker = ("-m", "django", "runworker", "bench-answer", "--settings", "bench.peers.settings")
        _process(stack, folder / "runworker.log", running, *worker)
        yield stack


@contextmanager
def ours(folder: Path, database: dict[str, Any], name: str) -> Iterator[Stack]:
    """The same with the library, on this database."""
    with ExitStack() as running:
        bare = _stack(name, folder, running, BENCH_DATABASE=json.dumps(database))
        stack = Stack(
            name=name,
            port=bare.port,
            environment=bare.environment,
            broker=bare.broker,
            cookie=bare.control("prepare"),
        )
        _daphne(stack, "bench.ours", folder, running)
        _celery(stack, "bench.ours", folder, running)
        yield stack


@contextmanager
def postgresql(folder: Path) -> Iterator[dict[str, Any]]:
    """A private PostgreSQL that keeps what it has committed; Django's settings of it."""
    services.start_postgresql(folder, durable=True)
    try:
        engine = "django.db.backends.postgresql"
        yield {"ENGINE": engine, "HOST": str(folder), "USER": "postgres", "NAME": "postgres"}
    finally:
        services.stop_postgresql(folder)


def sqlite(folder: Path) -> dict[str, Any]:
    """Django's settings of a SQLite that keeps what it has committed."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(folder / "db.sqlite3"),
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
        },
    }


def _stack(name: str, folder: Path, running: ExitStack, **environment: str) -> Stack:
    folder.mkdir()
    port, _ = running.enter_context(services.redis_server(folder))
    url = f"redis://127.0.0.1:{port}/0"
    inherited = {key: value for key, value in os.environ.items() if key[:7] != "DJANGO_"}
    return Stack(
        name=name,
        port=services.free_port(),
        environment={**inherited, **environment, "BENCH_REDIS_URL": url},
        broker=redis.Redis(port=port),
    )


def _daphne(
    stack: Stack, package: str, folder: Path, running: ExitStack
) -> subprocess.Popen[bytes]:
    application = f"{package}.asgi:application"
    arguments = ("-m", "daphne", "-v", "0", "-p", str(stack.port), application)
    return _process(stack, folder / "daphne.log", running, *arguments)


def _celery(stack: Stack, package: str, folder: Path, running: ExitStack) -> None:
    log = folder / "celery.log"
    arguments = ("-m", "celery", "-A", package, "worker", "-c", str(PROCESSES), "-l", "WARNING")
    _process(stack, log, running, *arguments, "--without-gossip", "--without-mingle")


def _process(
    stack: Stack, log: Path, running: ExitStack, *arguments: str
) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT, env=stack.environment, stdout=output, stderr=output,
        )  # fmt: skip
    running.callback(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
