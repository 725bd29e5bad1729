from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks.thumbnailer.pipeline.steps import Made, Seen
from tasks.thumbnailer.pipeline.unfit import Fault, Unfit
from tasks.thumbnailer.sandbox import client
from tasks.thumbnailer.sandbox.allowance import Allowance
from tests import services

from . import bombs, pictures


def decode(data: bytes) -> list[Seen | Made]:
    return list(client.thumbnails(io.BytesIO(data)))


def test_a_file_and_bytes_give_the_same_thumbnails(tmp_path: Path) -> None:
    data = pictures.photo()
    (tmp_path / "photo.jpg").write_bytes(data)
    with (tmp_path / "photo.jpg").open("rb") as file:
        steps = list(client.thumbnails(file))
    assert steps == decode(data)
    assert [step.size for step in steps if isinstance(step, Made)] == [320, 160, 640, 1280]


def test_what_is_wrong_with_a_file_comes_out_of_the_sandbox() -> None:
    with pytest.raises(Unfit) as unfit:
        decode(bombs.png_65536())
    assert unfit.value.fault is Fault.TOO_LARGE


@pytest.mark.parametrize(
    ("data", "tries"),
    [
        (b"no image at all", 1),
        (pictures.photo()[:-200], 1),
        (bombs.png_65536(), 1),
        # A decoder's word for anything that it does not expect.
        (b"GIF89a no more of it", 2),
    ],
)
def test_only_a_decoders_vague_word_is_asked_for_twice(
    data: bytes, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []
    decoded = client._decoded

    def noted(image: int, allowed: Allowance) -> Iterator[Seen | Made]:
        given.append(allowed.memory_bytes)
        return decoded(image, allowed)

    monkeypatch.setattr(client, "_decoded", noted)
    with pytest.raises(Unfit):
        decode(data)
    once = Allowance().memory_bytes
    assert given == [once, 2 * once][:tries]


@pytest.mark.skipif(sys.platform != "linux", reason="a limit that Linux has")
@pytest.mark.parametrize("megabytes", [8, 24])
@pytest.mark.parametrize(
    "data",
    [
        pictures.encoded(pictures.quarters(3000, 2000), progressive=True),
        pictures.encoded(pictures.quarters(3000, 2000), "WEBP"),
        pictures.encoded(pictures.quarters(3000, 2000), "AVIF", speed=10),
    ],
    ids=["JPEG", "WebP", "AVIF"],
)
def test_no_image_is_called_corrupt_for_want_of_memory(data: bytes, megabytes: int) -> None:
    # These three decoders tell a failed allocation as they tell broken data.
    fault: str = "none"
    try:
        list(client.thumbnails(io.BytesIO(data), Allowance(megabytes * 1024 * 1024)))
    except Unfit as unfit:
        fault = unfit.fault
    assert fault in ("none", Fault.TOO_LARGE)


def test_threads_decode_at_the_same_time() -> None:
    files = [pictures.photo(400 + 10 * n, 300) for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(decode, files))
    assert [steps[0].width for steps in found] == [400 + 10 * n for n in range(8)]


FORKING = """
import io, os, sys
from tasks.thumbnailer.sandbox import client
from tasks.thumbnailer.sandbox.allowance import Allowance
from tests.unit.thumbnailer import pictures
print(client.current().pid, flush=True)
for _ in range(2):
    if os.fork() == 0:
        os._exit(len(list(client.thumbnails(io.BytesIO(pictures.photo())))))
print([os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(2)], flush=True)
sys.stdin.read()
os.kill(os.getpid(), 9)
"""


def test_forked_workers_share_a_server_that_ends_with_the_last_of_them() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FORKING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        pid = int(worker.stdout.readline())
        assert worker.stdout.readline() == "[5, 5]\n"
        worker.communicate()
    services.until(lambda: not alive(pid), what="the server to end with its worker")


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return False
