"""One contestant in a process of its own: makes a file's 320 px thumbnail, over and over.

Prints, as JSON, the processor time of one, and the peak of memory over what it had before.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

TIMES = 5


def ours(path: str) -> None:
    from tasks.thumbnailer.pipeline.making import make

    with open(path, "rb") as file:
        list(make(file, (320,)))


def naive(path: str) -> None:
    """What is written most often: the first step decodes all of it."""
    import io

    from PIL import Image

    picture = Image.open(path).convert("RGB")
    picture.thumbnail((320, 320), Image.Resampling.LANCZOS)
    picture.save(io.BytesIO(), "WEBP", quality=80, method=2)


def pyvips(path: str) -> None:
    import pyvips

    # It would remember what it made of this very file.
    pyvips.cache_set_max(0)
    picture = pyvips.Image.thumbnail(path, 320, height=320)
    picture.webpsave_buffer(Q=80, effort=2, keep="none")


MAKERS: dict[str, Callable[[str], None]] = {
    "naive Pillow": naive,
    "pyvips": pyvips,
    "ours": ours,
}


def main() -> None:
    name, path, small = sys.argv[1:]
    make = MAKERS[name]
    # Imports, and what is allocated once.
    make(small)
    idle = _peak_kib()
    times = []
    for _ in range(TIMES):
        began = time.process_time()
        make(path)
        times.append(1_000 * (time.process_time() - began))
    print(json.dumps({"cpu_ms": median(times), "over_idle_mb": (_peak_kib() - idle) / 1_000}))


def _peak_kib() -> int:
    # Not `ru_maxrss`: it begins with what the parent had.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0])


if __name__ == "__main__":
    main()
