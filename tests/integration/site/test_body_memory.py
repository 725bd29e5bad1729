from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .daphne import ROOT, Daphne, Sending, daphne, form

MB = 1024 * 1024
TOGETHER = 6
#: Of all of them together. Without the bound it was 340 MB for one and 560 for eight.
MOST_MEGABYTES = 200


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the memory of a process")
def test_large_uploads_together_take_little_memory(tmp_path: Path) -> None:
    settings = {"DJANGO_SETTINGS_MODULE": "config.settings", "VAR_DIR": str(tmp_path)}
    migrate = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(migrate, cwd=ROOT, env={**os.environ, **settings}, check=True)
    with daphne(tmp_path) as server:
        assert _upload(server, 1) == 201
        before = server.memory("VmRSS")
        with ThreadPoolExecutor(TOGETHER) as pool:
            statuses = list(
                pool.map(lambda number: _upload(server, number), range(2, 2 + TOGETHER))
            )
        assert statuses == [201] * TOGETHER
        assert server.memory("VmHWM") - before < MOST_MEGABYTES


def _upload(server: Daphne, number: int) -> int:
    """A file of its own that is nearly as large as one may be."""
    content = number.to_bytes(4) * (25 * MB // 4 - 1024)
    body, kind = form(f"{number}.jpg", content)
    about = {"Accept": "application/json", "Content_Type": kind, "Content_Length": str(len(body))}
    request = Sending(server.port, **about)
    request.send(body)
    return request.answer()[0]
