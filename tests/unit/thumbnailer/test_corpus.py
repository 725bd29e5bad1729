"""Images by the hundred, good and broken: nothing crashes, hangs, stays behind or grows."""

from __future__ import annotations

import io
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.thumbnailer.pipeline.formats import Kind
from tests.corpus import course

from . import bombs, pictures

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="counts processes and pages by /proc")
SEEDS = [
    *(pictures.encoded(pictures.quarters(90, 60), kind) for kind in Kind),
    pictures.encoded(pictures.quarters(90, 60, "P"), "PNG"),
    pictures.encoded(pictures.quarters(90, 60), progressive=True),
    pictures.encoded(pictures.quarters(90, 60, "CMYK")),
    bombs.png_65536(),
    bombs.webp(),
    bombs.avif(),
    bombs.gif_frames(50),
    bombs.scans(200),
    pictures.encoded(pictures.quarters(90, 60))[:-40],
]
IMAGES = 250
GROWTH_BYTES = 20_000_000


def written(folder: Path) -> Iterator[Path]:
    """Good ones, and ones with some bytes changed, taken away or doubled."""
    chance = random.Random(1)
    for number in range(IMAGES):
        data = bytearray(chance.choice(SEEDS))
        for _ in range(chance.choice((0, 0, 1, 3, 20))):
            at = chance.randrange(len(data))
            end = at + chance.choice((1, 1, 4, 50))
            data[at:end] = chance.choice((chance.randbytes(end - at), b"", data[at:end] * 2))
        path = folder / f"{number:04}"
        path.write_bytes(data)
        yield path
        path.unlink()


@LINUX
def test_hundreds_of_images_leave_nothing_behind(tmp_path: Path) -> None:
    done = course.run(written(tmp_path))
    assert len(done.judged) == IMAGES
    assert done.troubles == []
    assert done.children_left == 0
    assert done.grown_bytes <= GROWTH_BYTES, done.summary()
    assert {"made", "corrupt", "truncated", "too_large"} <= set(done.verdicts)


@LINUX
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.sampled_from(SEEDS),
    at=st.integers(0, 4_000),
    patch=st.binary(max_size=24),
    removed=st.integers(0, 24),
)
def test_no_bytes_break_the_entry(seed: bytes, at: int, patch: bytes, removed: int) -> None:
    at %= len(seed)
    data = seed[:at] + patch + seed[at + removed :]
    judged = course.judge("mutated", io.BytesIO(data))
    assert judged.verdict not in ("Trouble", "Crashed", "ServerGone")
    assert (judged.thumbnails > 0) == (judged.verdict == "made")
