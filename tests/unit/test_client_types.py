from __future__ import annotations

import subprocess
from pathlib import Path

from tests import services

ROOT = Path(__file__).parents[2]
COMPILER = ROOT / "node_modules/typescript/bin/tsc"


def test_typescript_accepts_the_client_and_what_pages_may_write() -> None:
    services.need("typescript", COMPILER.exists())
    command = ["node", str(COMPILER), "--project", str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
