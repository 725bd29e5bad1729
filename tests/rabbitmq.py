"""A RabbitMQ node of a test's own: own ports, folders, cookie and name server, little memory."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests import services

START_SECONDS = 60.0
_CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{port}
vm_memory_high_watermark.absolute = 256MB
disk_free_limit.absolute = 50MB
log.console = true
log.file = false
"""
#: Debian's own command writes to the system's folders.
_DEBIAN = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def program() -> str | None:
    return str(_DEBIAN) if _DEBIAN.exists() else shutil.which("rabbitmq-server")


@contextmanager
def node() -> Iterator[str]:
    """Its address, as Celery takes it."""
    command, names = program(), shutil.which("epmd")
    services.need("rabbitmq", command and names)
    folder = Path(tempfile.mkdtemp(prefix="cc-rabbit-"))
    port, name_port = services.free_port(), services.free_port()
    (folder / "node.conf").write_text(_CONFIGURATION.format(port=port))
    with (folder / "log").open("wb") as log:
        how: dict[str, Any] = {"stdout": log, "stderr": log, "start_new_session": True}
        listening = [str(names), "-port", str(name_port), "-address", "127.0.0.1"]
        lookup = subprocess.Popen(listening, **how)
        server = subprocess.Popen(
            [str(command)], cwd=folder, env=_environment(folder, name_port), **how, **_user(folder)
        )
    try:
        services.until(lambda: services.answers(port), seconds=START_SECONDS, what="RabbitMQ")
        yield f"amqp://guest:guest@127.0.0.1:{port}//"
    finally:
        for process in (server, lookup):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _user(folder: Path) -> dict[str, Any]:
    """It runs as its own user where we may choose."""
    if os.geteuid() != 0:
        return {}
    try:
        account = pwd.getpwnam("rabbitmq")
    except KeyError:
        return {}
    for path in (folder, *folder.iterdir()):
        os.chown(path, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _environment(folder: Path, name_port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(name_port),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_CONFIG_FILE": str(folder / "node.conf"),
        "RABBITMQ_DIST_PORT": str(services.free_port()),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_NODENAME": f"cc{name_port}@localhost",
        # One scheduler, and no thread that spins while it waits.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none "
        "-kernel inet_dist_use_interface {127,0,0,1}",
    }
