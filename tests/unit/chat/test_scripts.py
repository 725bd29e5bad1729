from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tests import services

SUITE = sorted((Path(__file__).parent / "scripts").glob("*.test.js"))
CHAT = Path(__file__).parents[3] / "realtime/chat"


def test_the_pages_scripts_keep_their_promises() -> None:
    node = shutil.which("node")
    services.need("node", node)
    command = [str(node), "--test", *map(str, SUITE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    ran = re.search(r"^(?:#|ℹ) pass (\d+)$", done.stdout, re.MULTILINE)
    assert ran is not None, done.stdout
    assert int(ran[1]) >= len(SUITE), done.stdout


def test_text_is_never_interpreted_as_markup() -> None:
    for script in CHAT.glob("static/chat/*.js"):
        source = script.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", source)
    for template in CHAT.glob("templates/chat/*.html"):
        source = template.read_text(encoding="utf-8")
        assert not re.search(r"\|safe\b|autoescape off|mark_safe", source)
