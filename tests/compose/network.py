"""A network as Compose gives one: a bridge, an address for each container, names that it answers.

It lives in a network namespace of its own, from which nothing leads out.
"""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
import subprocess
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

GATEWAY = "10.77.0.1"
#: Where each container finds Docker's names.
DNS = "127.0.0.11"
CLONE_NEWNET = 0x40000000


class Network:
    """The bridge and its names; each container is a namespace that `enter` runs commands in."""

    def __init__(self) -> None:
        self._next = 2
        self._names: defaultdict[str, list[str]] = defaultdict(list)
        # Where `ip netns` keeps its names: in our mount namespace alone.
        Path("/run/netns").mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run/netns"], check=True)
        _ip("link", "set", "lo", "up")
        _ip("link", "add", "bridge", "type", "bridge")
        _ip("addr", "add", f"{GATEWAY}/24", "dev", "bridge")
        _ip("link", "set", "bridge", "up")

    def join(self, container: str, name: str) -> str:
        """A namespace for a container, known under its service's name; its address."""
        address = f"10.77.0.{self._next}"
        port = f"veth{self._next}"
        self._next += 1
        _ip("netns", "add", container)
        _ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", container)
        _ip("link", "set", port, "master", "bridge", "up")
        for action in (
            ["link", "set", "lo", "up"],
            ["addr", "add", f"{address}/24", "dev", "eth0"],
            ["link", "set", "eth0", "up"],
        ):
            _ip("-n", container, *action)
        self._names[name].append(address)
        dns = _within(container, lambda: _bound(DNS))
        threading.Thread(target=self._answer, args=[dns], daemon=True).start()
        return address

    def leave(self, name: str, address: str) -> None:
        self._names[name].remove(address)

    @staticmethod
    def enter(container: str) -> list[str]:
        """What runs a command in the container's namespace, under a host name of its own."""
        rename = f'hostname {container} && exec "$@"'
        network = ["nsenter", f"--net=/run/netns/{container}"]
        return [*network, "unshare", "--uts", "sh", "-c", rename, "sh"]

    def _answer(self, dns: socket.socket) -> None:
        while True:
            query, sender = dns.recvfrom(512)
            dns.sendto(reply(query, self._names), sender)


def _bound(address: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, 53))
    return made


def _within(container: str, make: Callable[[], socket.socket]) -> socket.socket:
    """A socket of the container's namespace: a thread belongs to one, and so what it makes."""

    def enter() -> socket.socket:
        with open(f"/run/netns/{container}") as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"{container} can not be entered")
        return make()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(enter).result()


def publish(port: int, address: str, inner: int) -> None:
    """Let 127.0.0.1:`port` lead to a container, as Docker's own proxy does."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while part := await reader.read(65536):
                writer.write(part)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection(address, inner)
        except OSError:
            writer.close()
            return
        await asyncio.gather(copy(reader, back), copy(there, writer))

    async def serve() -> None:
        server = await asyncio.start_server(forward, "127.0.0.1", port)
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()


def reply(query: bytes, names: dict[str, list[str]]) -> bytes:
    """The DNS answer to a question for addresses (type A)."""
    at, labels = 12, []
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    question = query[12 : at + 5]
    (kind,) = struct.unpack("!H", query[at + 1 : at + 3])
    known = names.get(".".join(labels).lower())
    addresses = known if known and kind == 1 else []
    # Name does not exist (3) only if it does not: an empty answer says that it has no such type.
    flags = 0x8180 if known else 0x8183
    head = query[:2] + struct.pack("!HHHHH", flags, 1, len(addresses), 0, 0)
    rows = [
        struct.pack("!HHHIH", 0xC00C, 1, 1, 1, 4) + socket.inet_aton(each) for each in addresses
    ]
    return head + question + b"".join(rows)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
