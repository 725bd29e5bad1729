"""The site on a real Daphne, and requests whose every byte is a test's own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPResponse
from pathlib import Path

from tests import services

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 20.0


class Daphne:
    def __init__(self, folder: Path, settings: str) -> None:
        self.port = services.free_port()
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": settings,
            "VAR_DIR": str(folder),
            # Nobody listens there: an upload does without Redis.
            "REDIS_URL": f"redis://127.0.0.1:{services.free_port()}/0",
        }
        command = ["-m", "daphne", "-p", str(self.port), "config.asgi:application"]
        self.process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT, env=self.environment, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def memory(self, kind: str) -> int:
        """Megabytes: VmRSS is the present, VmHWM the most so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith(kind))
        return int(line.split()[1]) // 1024


@contextmanager
def daphne(folder: Path, settings: str = "config.settings") -> Iterator[Daphne]:
    server = Daphne(folder, settings)
    try:
        services.until(lambda: services.answers(server.port), what="Daphne")
        yield server
    finally:
        server.process.kill()
        server.process.wait()


class Sending:
    """A POST that is sent piece by piece."""

    def __init__(self, port: int, path: str = "/images/", **headers: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode())

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def send_chunks(self, size: int, count: int) -> None:
        """So many chunks of a body without a length, as many as are wanted."""
        with suppress(ConnectionError):
            for _ in range(count):
                self.send(b"%x\r\n%s\r\n" % (size, b"x" * size))

    def answer(self) -> tuple[int, HTTPResponse, str]:
        """Its status, headers and text; the connection ends with it."""
        with self._socket, HTTPResponse(self._socket, method="POST") as response:
            response.begin()
            return response.status, response, response.read().decode()

    def close(self) -> None:
        self._socket.close()


def form(name: str, content: bytes) -> tuple[bytes, str]:
    """A form with one file, and its content type."""
    head = f'--END\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n--END--\r\n", "multipart/form-data; boundary=END"
