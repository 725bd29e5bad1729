"""The process of one decode: forked by the server, ended by itself or from outside."""

from __future__ import annotations

import gc
import os
import signal
import traceback
from typing import NoReturn

from tasks.thumbnailer.pipeline.making import make
from tasks.thumbnailer.pipeline.unfit import Unfit

from .allowance import Allowance
from .confinement import Confinement, keep_only
from .frames import Mark, Said, pack


def decode(image: int, results: int, allowed: Allowance, confinement: Confinement) -> NoReturn:
    """Confine this process, make the thumbnails of the open file, say how it went, and end.

    Never returns: nothing of the server's may run here, not even its clean-up.
    """
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        gc.disable()
        image, results = keep_only(image, results)
        said = _make(image, results, allowed, confinement)
        _write(results, pack(said))
    except BaseException:  # noqa: BLE001 - whatever it is, it ends here
        os._exit(1)
    os._exit(0)


def _make(image: int, results: int, allowed: Allowance, confinement: Confinement) -> Said:
    try:
        with os.fdopen(image, "rb", closefd=False) as file:
            confinement.begin(allowed)
            for step in make(file):
                _write(results, pack(step))
    except Unfit as unfit:
        return Said(Mark.UNFIT, f"{unfit.fault}\n{unfit.detail}")
    except MemoryError as error:
        return Said(Mark.NO_MEMORY, str(error))
    except Exception:  # noqa: BLE001 - not the file's: told, and tried again
        return Said(Mark.BROKEN, traceback.format_exc())
    return Said(Mark.DONE)


def _write(handle: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]
