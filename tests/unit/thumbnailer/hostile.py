"""The sandbox's server with a decoder that was taken over: it does what its "image" says."""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import time
from collections.abc import Callable, Iterator
from typing import IO

from tasks.thumbnailer.pipeline.steps import Made, Seen
from tasks.thumbnailer.pipeline.unfit import Fault, Unfit
from tasks.thumbnailer.sandbox import decoding, server

#: Its handle.
IMAGE = 3


def segfault() -> None:
    ctypes.string_at(1)


def spin() -> None:
    while True:
        pass


def sleep() -> None:
    time.sleep(600)


def eat() -> None:
    held = []
    while True:
        held.append(bytearray(16 * 1024 * 1024))


def lie() -> Seen:
    return Seen(1, 1, "x" * 41)


def invent() -> Made:
    return Made(40_000, 40_000, 1, b"RIFF....WEBP")


def misread() -> None:
    raise Unfit(Fault.CORRUPT, "as it is said for want of memory, too")


def leave() -> None:
    os._exit(3)


def shout() -> None:
    while True:
        os.write(4, b"\x02" + b"\xff" * 4096)


def reach_out() -> str:
    """Everything it may not do: what it could, by name."""
    tried: dict[str, Callable[[], object]] = {
        "socket": lambda: socket.socket(socket.AF_INET),
        "unix": lambda: socket.socketpair(),
        "open": lambda: open("/etc/passwd", "rb"),  # noqa: SIM115
        "list": lambda: os.listdir("/"),
        "fork": os.fork,
        "run": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606
        "kill": lambda: os.kill(os.getppid(), 0),
        "limits": lambda: os.nice(1),
        "write": lambda: os.pwrite(IMAGE, b"another", 0),
        "change": change,
    }
    return ",".join(name for name, act in tried.items() if _can(act))


def has() -> str:
    """Its environment, and the handles that it holds."""
    handles = []
    for number in range(256):
        try:
            os.fstat(number)
        except OSError:
            continue
        handles.append(number)
    return f"{sorted(os.environ)} {handles}"


def who() -> str:
    return str(os.getpid())


def change() -> None:
    """Its file by way of memory, which no limit on files hinders."""
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    both, shared = mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED
    if libc.mmap(None, mmap.PAGESIZE, both, shared, IMAGE, 0) == ctypes.c_void_p(-1).value:
        raise PermissionError


def _can(act: Callable[[], object]) -> bool:
    try:
        act()
    except OSError:
        return False
    return True


def make(file: IO[bytes]) -> Iterator[Seen | Made]:
    file.seek(0)
    answer = globals()[file.read().decode()]()
    if isinstance(answer, str):
        raise Unfit(Fault.UNSUPPORTED, answer)
    yield answer


if __name__ == "__main__":
    setattr(decoding, "make", make)  # noqa: B010 - not a name that it exports
    server.main()
