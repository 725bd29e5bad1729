"""JavaScript tests, run by Node's own runner."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tests import services


def run(folder: Path) -> None:
    """Run every `*.test.js` of the folder; each of them must have held at least one test."""
    suite = sorted(folder.glob("*.test.js"))
    node = shutil.which("node")
    services.need("node", node)
    command = [str(node), "--test", *map(str, suite)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    ran = re.search(r"^(?:#|ℹ) pass (\d+)$", done.stdout, re.MULTILINE)
    assert ran is not None, done.stdout
    assert int(ran[1]) >= len(suite) > 0, done.stdout
