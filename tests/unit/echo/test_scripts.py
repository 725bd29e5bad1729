from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tests import services

ROOT = Path(__file__).parents[3]
SUITE = sorted((Path(__file__).parent / "scripts").glob("*.test.js"))


def test_the_consoles_scripts_keep_their_promises() -> None:
    node = shutil.which("node")
    services.need("node", node)
    command = [str(node), "--test", *map(str, SUITE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    ran = re.search(r"^(?:#|ℹ) pass (\d+)$", done.stdout, re.MULTILINE)
    assert ran is not None, done.stdout
    assert int(ran[1]) >= 6, done.stdout


def test_no_page_interprets_text_as_markup() -> None:
    for place in ("config", "realtime/echo"):
        for script in (ROOT / place).rglob("*.js"):
            source = script.read_text(encoding="utf-8")
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", source)
        for template in (ROOT / place).rglob("*.html"):
            source = template.read_text(encoding="utf-8")
            assert not re.search(r"\|safe\b|autoescape off|<style|\sstyle=|\son\w+=", source)
