"""A TCP proxy in front of PostgreSQL that cuts a connection between a COMMIT and its answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: How an answer ends that leaves the connection outside a transaction: ReadyForQuery, idle.
_IDLE = b"Z\x00\x00\x00\x05I"


class CuttingProxy:
    """Listens on a port of 127.0.0.1 and passes everything on, until it is told to cut."""

    def __init__(self, server: Path) -> None:
        self._server = str(server)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._needle: bytes | None = None
        self._refusing = False
        self._clients: set[socket.socket] = set()
        self._lock = threading.Lock()
        #: Connections that were cut so far.
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, needle: bytes) -> None:
        """Cut the next connection that sends this, once the server has done what it asks."""
        self._needle = needle

    def refuse(self) -> None:
        """Cut every connection, and each new one at once."""
        self._refusing = True
        for client in list(self._clients):
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def serve(self) -> None:
        """Pass everything on again."""
        self._refusing = False

    def close(self) -> None:
        # Closed alone, it would be waited on for ever.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._refusing:
                    client.close()
                    continue
                self._clients.add(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with self._known(client), socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(self._server)
            cutting = threading.Event()
            asks = threading.Thread(target=self._ask, args=(client, server, cutting), daemon=True)
            asks.start()
            while answer := server.recv(65536):
                if cutting.is_set():
                    if answer.endswith(_IDLE):
                        # Committed; the client never learns of it.
                        self.cuts += 1
                        client.shutdown(socket.SHUT_RDWR)
                        return
                    continue
                client.sendall(answer)

    @contextmanager
    def _known(self, client: socket.socket) -> Iterator[None]:
        try:
            with client:
                yield
        finally:
            self._clients.discard(client)

    def _ask(self, client: socket.socket, server: socket.socket, cutting: threading.Event) -> None:
        with suppress(OSError):
            try:
                while asked := client.recv(65536):
                    if self._takes(asked):
                        cutting.set()
                    server.sendall(asked)
            finally:
                # A client that was killed may leave with an error; the server is to know as well.
                server.shutdown(socket.SHUT_RDWR)

    def _takes(self, asked: bytes) -> bool:
        with self._lock:
            if self._needle is None or self._needle not in asked:
                return False
            self._needle = None
            return True
