from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO


@contextmanager
def handle_of(file: IO[bytes]) -> Iterator[int]:
    """A handle to read the file by, of a copy where it has none."""
    with ExitStack() as open_files:
        try:
            handle = file.fileno()
        except io.UnsupportedOperation:
            copy = open_files.enter_context(tempfile.TemporaryFile())
            file.seek(0)
            copy.write(file.read())
            copy.flush()
            handle = copy.fileno()
        handle = _read_only(handle)
        open_files.callback(os.close, handle)
        yield handle


def _read_only(handle: int) -> int:
    """Another one of the same file, by which a decoder that was taken over can not change it.

    A copy's own can write, and so can that of a file from a bucket. The same one again where the
    system does not give another.
    """
    try:
        return os.open(f"/proc/self/fd/{handle}", os.O_RDONLY)
    except OSError:
        return os.dup(handle)
