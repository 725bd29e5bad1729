"""A real server in a process of its own, and a client that is not ours."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from channels_celery.topics.visitors import SESSION_KEY
from tests import services

from .streams import Stream

ROOT = Path(__file__).resolve().parents[3]
APPLICATION = "tests.integration.topics.served:application"
COMMANDS = {
    "daphne": ["daphne", "-b", "127.0.0.1", "-v", "0", "-p"],
    "uvicorn": ["uvicorn", "--host", "127.0.0.1", "--log-level", "warning", "--port"],
}
PATIENCE_SECONDS = 20.0


class Server:
    """Daphne or uvicorn on a port of its own, on the tests' database unless `file` is another."""

    def __init__(
        self, name: str, alias: str, redis: str | None, file: Path | None = None, **settings: Any
    ) -> None:
        self.file = file
        self.port = services.free_port()
        self._command = [sys.executable, "-m", *COMMANDS[name], str(self.port), APPLICATION]
        served = {
            "alias": alias,
            "name": str(file or connections[alias].settings_dict["NAME"]),
            "redis": redis,
            "settings": settings,
        }
        self._environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.integration.topics.served_settings",
            "SERVED": json.dumps(served),
        }
        self.process: subprocess.Popen[bytes] | None = None
        #: Closed before the server is.
        self.clients = ExitStack()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, cwd=ROOT, env=self._environment)
        services.until(lambda: services.answers(self.port), what="server")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def terminate(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def client(self, **headers: str) -> Client:
        address = f"ws://127.0.0.1:{self.port}/ws/"
        opened = connect(
            address, additional_headers=headers, close_timeout=1, create_connection=_Connection
        )
        return Client(self.clients.enter_context(opened))

    def stream(self, path: str, **headers: str) -> Stream:
        opened = Stream(self.port, f"/events/{path}", **headers)
        return self.clients.enter_context(closing(opened))


@contextmanager
def serving(
    name: str, alias: str, redis: str | None, file: Path | None = None, **settings: Any
) -> Iterator[Server]:
    server = Server(name, alias, redis, file, **settings)
    server.start()
    try:
        with server.clients:
            yield server
    finally:
        server.kill()


class _Connection(ClientConnection):
    """Hears what came with a close, also if the server did not wait for the answer to it.

    websockets drops that otherwise, and autobahn waits a second: this machine may take longer.
    """

    def send_data(self) -> None:
        with suppress(ConnectionError):
            super().send_data()


class Client:
    """A websocket client of another author, which answers pings as the protocol asks."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.seqs: list[int] = []
        self.position: dict[str, Any] | None = None

    def tell(self, **frame: Any) -> None:
        self.socket.send(json.dumps(frame))

    def hear(self, op: str, *, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """The next frame of this op; what comes before it is taken as well."""
        while True:
            frame: dict[str, Any] = json.loads(self.socket.recv(timeout=seconds))
            self._take(frame)
            if frame["op"] == op:
                return frame

    def follow(self, topic: str, since: dict[str, Any] | None = None) -> dict[str, Any]:
        self.tell(op="subscribe", id=1, topic=topic, **({"since": since} if since else {}))
        answer = self.hear("subscribed")
        self.position = {"epoch": answer["epoch"], "seq": answer["seq"], "mid": ""}
        return answer

    def hear_until(self, seq: int, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Read on until the event of this number has come."""
        while not self.seqs or self.seqs[-1] < seq:
            self._take(json.loads(self.socket.recv(timeout=seconds)))

    def close_code(self) -> tuple[dict[str, Any], int | None]:
        """The `bye` and the code that the server closes with."""
        bye = self.hear("bye")
        try:
            self.socket.recv(timeout=PATIENCE_SECONDS)
        except ConnectionClosed as closed:
            return bye, closed.rcvd.code if closed.rcvd else None
        raise AssertionError("a frame after bye")

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["op"] == "ping":
            self.tell(op="pong", n=frame["n"])
        events = frame.get("events", [frame] if frame["op"] == "event" else [])
        for event in events:
            if "seq" in event:
                self.seqs.append(event["seq"])
                assert self.position is not None
                self.position |= {"seq": event["seq"], "mid": event["mid"]}


def guest_cookie(guest: str) -> str:
    """The cookie of a guest's session."""
    store = SessionStore()
    store[SESSION_KEY] = guest
    store.save()
    return f"sessionid={store.session_key}"
