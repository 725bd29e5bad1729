from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from pathlib import Path

from tests import services

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "channels_celery/static/channels_celery/client.js"
SUITE = sorted((ROOT / "tests/unit/client").glob("*.test.js"))

#: What the browser may have to load.
CLIENT_BYTES = 5 * 1024


def without_comments(source: str) -> str:
    """Less than any minifier takes away: indentation, and the lines that are comments."""
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/**", "*")))


def test_client_is_at_most_5_kb() -> None:
    text = without_comments(CLIENT.read_text(encoding="utf-8"))
    assert len(gzip.compress(text.encode(), mtime=0)) <= CLIENT_BYTES


def test_client_depends_on_nothing() -> None:
    source = CLIENT.read_text(encoding="utf-8")
    assert not re.search(r"^\s*import\b|\bimport\(|\brequire\(", source, re.MULTILINE)


def test_client_keeps_its_promises_in_a_scripted_browser() -> None:
    node = shutil.which("node")
    services.need("node", node)
    command = [str(node), "--test", *map(str, SUITE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    ran = re.search(r"^(?:#|ℹ) pass (\d+)$", done.stdout, re.MULTILINE)
    assert ran is not None, done.stdout
    assert int(ran[1]) >= len(SUITE), done.stdout
