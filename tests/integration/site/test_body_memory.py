from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from .daphne import ROOT, Daphne, Sending, daphne, form

MB = 1024 * 1024
TOGETHER = 6
#: Of all of them together. Without the bound it was 340 MB for one and 560 for eight.
MOST_MEGABYTES = 200


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daphne]:
    folder = tmp_path_factory.mktemp("site")
    settings = {"DJANGO_SETTINGS_MODULE": "config.settings", "VAR_DIR": str(folder)}
    migrate = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(migrate, cwd=ROOT, env={**os.environ, **settings}, check=True)
    with daphne(folder) as running:
        yield running


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the memory of a process")
def test_large_uploads_together_take_little_memory(server: Daphne) -> None:
    assert _upload(server, 1) == 201
    before = server.memory("VmRSS")
    with ThreadPoolExecutor(TOGETHER) as pool:
        statuses = list(pool.map(lambda number: _upload(server, number), range(2, 2 + TOGETHER)))
    assert statuses == [201] * TOGETHER
    assert server.memory("VmHWM") - before < MOST_MEGABYTES


def test_an_upload_in_chunks_is_taken_as_any_other(server: Daphne) -> None:
    body, kind = form("chunks.jpg", b"x" * 100_000)
    about = {"Accept": "application/json", "Content_Type": kind}
    request = Sending(server.port, Transfer_Encoding="chunked", **about)
    for part in (body[:1_000], body[1_000:]):
        request.send(b"%x\r\n%s\r\n" % (len(part), part))
    request.send(b"0\r\n\r\n")
    status, _, text = request.answer()
    assert (status, json.loads(text)["images"][0]["name"]) == (201, "chunks.jpg")


def _upload(server: Daphne, number: int) -> int:
    """A file of its own that is nearly as large as one may be."""
    content = number.to_bytes(4) * (25 * MB // 4 - 1024)
    body, kind = form(f"{number}.jpg", content)
    about = {"Accept": "application/json", "Content_Type": kind, "Content_Length": str(len(body))}
    request = Sending(server.port, **about)
    request.send(body)
    return request.answer()[0]
