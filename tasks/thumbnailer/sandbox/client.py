"""A worker's side of the sandbox."""

from __future__ import annotations

import atexit
import fcntl
import logging
import os
import select
import socket
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, suppress
from typing import IO

from tasks.thumbnailer.pipeline.steps import Made, Seen
from tasks.thumbnailer.pipeline.unfit import Fault, Unfit

from . import frames
from .allowance import Allowance
from .endings import ENDING_BYTES, Ending
from .frames import Garbled, Mark, Said
from .handles import handle_of
from .starting import Link
from .troubles import Crashed, NoMemory, ServerGone
from .verdicts import judge

logger = logging.getLogger(__name__)

#: The server kills what is late; who waits longer than this for it waits in vain.
PATIENCE_SECONDS = 10.0
#: So much is made while nobody reads: a slow storage does not use up a decoder's time.
PIPE_BYTES = 1024 * 1024

_link: Link | None = None
_starting = threading.Lock()


def current() -> Link:
    """The server that this process asks, started now if there is none.

    A worker does it before its first job: the processes that it forks share the server.
    """
    global _link
    with _starting:
        _link = _link or Link()
        return _link


def stop(link: Link | None = None) -> None:
    """End the server, if this process has begun it; the next decode starts another.

    With a `link`, only if it is still the one asked: another thread may have replaced it.
    """
    global _link
    with _starting:
        if _link is not None and link in (None, _link):
            _link.close()
            _link = None


def thumbnails(
    file: IO[bytes], allowed: Allowance | None = None
) -> Generator[Seen | Made, None, None]:
    """What `pipeline.making.make` gives, made by a process that can reach nothing.

    A decode that crashes, finds no memory, or says that the file is corrupt, is tried once more in
    a new process with twice the memory: what decoders raise, they also raise for want of it.
    Raises Unfit when the file is at fault, Crashed when its decoder broke twice, Trouble when the
    machine is.
    """
    allowed = allowed or Allowance()
    with ExitStack() as open_files:
        image = open_files.enter_context(handle_of(file))
        try:
            yield from _decoded(image, allowed)
            return
        except Unfit as unfit:
            if unfit.fault is not Fault.CORRUPT:
                raise
        except (NoMemory, Crashed) as trouble:
            logger.warning("%s: once more", trouble)
        try:
            yield from _decoded(image, allowed.with_twice_the_memory())
        except NoMemory as error:
            raise Unfit(Fault.TOO_LARGE, "memory") from error


def _decoded(image: int, allowed: Allowance) -> Iterator[Seen | Made]:
    with ExitStack() as ends:
        link, results, status = _asked(image, allowed, ends)
        deadline = time.monotonic() + allowed.wall_seconds + PATIENCE_SECONDS
        read = _Reader(link, results, deadline).read
        said = None
        try:
            for _ in range(frames.MAX_FRAMES):
                step = frames.unpack(read)
                if isinstance(step, Said) or step is None:
                    said = step
                    break
                yield step
            else:
                raise Garbled("too many frames")
        except Garbled as error:
            raise Crashed(f"the decoder said what it can not have to say: {error}") from error
        # Done: nobody waits until its process has gone, which is killed if it does not go.
        if said != Said(Mark.DONE):
            raise judge(said, _ending(link, status), allowed)


def _asked(image: int, allowed: Allowance, ends: ExitStack) -> tuple[Link, int, socket.socket]:
    """Who was asked, where results come, and where the end is told."""
    results, write = os.pipe()
    ends.callback(os.close, results)
    status, told = socket.socketpair()
    ends.enter_context(status)
    try:
        with suppress(OSError, AttributeError):
            fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        link = current()
        try:
            link.ask([image, write, told.fileno()], allowed)
        except OSError:
            # It has ended since the last image.
            stop(link)
            link = current()
            link.ask([image, write, told.fileno()], allowed)
    finally:
        os.close(write)
        told.close()
    return link, results, status


def _ending(link: Link, status: socket.socket) -> Ending | None:
    status.settimeout(PATIENCE_SECONDS)
    try:
        data = status.recv(ENDING_BYTES)
    except OSError:
        data = b""
    if len(data) == ENDING_BYTES:
        return Ending.unpack(data)
    stop(link)
    return None


class _Reader:
    """Reads a pipe until it ends, but not for ever."""

    def __init__(self, link: Link, handle: int, deadline: float) -> None:
        self._link = link
        self._handle = handle
        self._deadline = deadline
        self._poll = select.poll()
        self._poll.register(handle, select.POLLIN)

    def read(self, length: int) -> bytes:
        """So many bytes; fewer at the end."""
        parts = []
        while length:
            left = self._deadline - time.monotonic()
            if left <= 0 or not self._poll.poll(1_000 * left):
                stop(self._link)
                raise ServerGone("the sandbox's server does not answer")
            if not (part := os.read(self._handle, length)):
                break
            parts.append(part)
            length -= len(part)
        return b"".join(parts)


def _forget_lock() -> None:
    global _starting
    # Another thread may have held it when this process was forked.
    _starting = threading.Lock()


atexit.register(stop)
os.register_at_fork(after_in_child=_forget_lock)
