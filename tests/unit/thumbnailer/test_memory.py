"""What a decode takes at its peak, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from . import pictures

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a peak of its own: Linux says it")

# `ru_maxrss` would begin with what the parent had.
PEAK = """
import sys
from tasks.thumbnailer.pipeline.making import make

def peak():
    with open("/proc/self/status") as status:
        return 1024 * int(status.read().split("VmHWM:")[1].split()[0])

def decode(path):
    with open(path, "rb") as file:
        list(make(file, (320,)))

decode(sys.argv[1])
before = peak()
decode(sys.argv[2])
print(peak() - before)
"""


@pytest.mark.parametrize(
    ("kind", "mode", "options", "width", "bytes_each"),
    [
        # Four when decoded whole; scaled by the decoder, a fraction.
        ("JPEG", "RGB", {}, 6_000, 0.5),
        ("PNG", "RGB", {"compress_level": 1}, 2_400, 5),
        # Two canvases of the decoder, and the picture, which is no copy of them.
        ("WEBP", "RGB", {"method": 0}, 2_400, 13),
        # That it is copied for its alpha does not matter: by then the decoder has gone.
        ("WEBP", "RGBA", {"method": 0}, 2_400, 13),
    ],
)
def test_a_decode_takes_few_bytes_a_pixel(
    kind: str, mode: str, options: dict[str, Any], width: int, bytes_each: float, tmp_path: Path
) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    for path, side in ((small, 400), (large, width)):
        picture = pictures.quarters(side, side * 2 // 3, mode)
        if mode == "RGBA":
            picture.putalpha(128)
        path.write_bytes(pictures.encoded(picture, kind, **options))
    run = subprocess.run(
        [sys.executable, "-c", PEAK, small, large], check=True, capture_output=True, text=True
    )
    assert int(run.stdout) < bytes_each * width * (width * 2 // 3)
