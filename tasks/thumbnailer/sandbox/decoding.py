"""The process of one decode: forked by the server, ended by itself or from outside."""

from __future__ import annotations

import gc
import mmap
import os
import signal
import socket
import traceback
from typing import NoReturn

from tasks.thumbnailer.pipeline.limits import MAX_DECODE_BYTES
from tasks.thumbnailer.pipeline.making import make
from tasks.thumbnailer.pipeline.unfit import Fault, Unfit

from .allowance import ALLOWANCE_BYTES, Allowance
from .confinement import Confinement, keep_only
from .frames import Mark, Said, pack
from .rehearsal import rehearse

#: What is told for whatever a decoder raises. Several do not tell why, where memory fails them.
DECODERS_WORD = (Fault.CORRUPT, Fault.TRUNCATED)


def wait_and_decode(link: int, confinement: Confinement) -> NoReturn:
    """Wait for an image, make its thumbnails in confinement, say how it went, and end.

    Never returns: nothing of the server's may run here, not even its clean-up.
    """
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        gc.disable()
        (link,) = keep_only(link)
        confinement.prepare()
        rehearse()
        image, results, allowed = _handed_over(link)
        said = _make(image, results, allowed, confinement)
        _write(results, pack(said))
    except BaseException:  # noqa: BLE001 - whatever it is, it ends here
        os._exit(1)
    os._exit(0)


def _handed_over(link: int) -> tuple[int, int, Allowance]:
    """The open image, the pipe for what is made of it, and what that may take."""
    with socket.socket(fileno=link) as waiting:
        data, handles, _, _ = socket.recv_fds(waiting, ALLOWANCE_BYTES, 2)
    if not data:
        # The server has ended, and there is no image to come.
        os._exit(0)
    image, results = keep_only(*handles)
    return image, results, Allowance.unpack(data)


def _make(image: int, results: int, allowed: Allowance, confinement: Confinement) -> Said:
    try:
        with os.fdopen(image, "rb", closefd=False) as file:
            confinement.begin(allowed)
            for step in make(file):
                _write(results, pack(step))
    except Unfit as unfit:
        if unfit.fault in DECODERS_WORD and not _has_room():
            return Said(Mark.NO_MEMORY, unfit.detail)
        return Said(Mark.UNFIT, f"{unfit.fault}\n{unfit.detail}")
    except MemoryError as error:
        return Said(Mark.NO_MEMORY, str(error))
    except Exception:  # noqa: BLE001 - not the file's: told, and tried again
        return Said(Mark.BROKEN, traceback.format_exc())
    return Said(Mark.DONE)


def _has_room() -> bool:
    """Whether the memory that any decode within the limits takes can be had."""
    try:
        mmap.mmap(-1, MAX_DECODE_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError:
        return False
    return True


def _write(handle: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]
