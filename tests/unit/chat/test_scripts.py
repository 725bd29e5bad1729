from __future__ import annotations

import re
from pathlib import Path

from tests import node_suite

SUITE = Path(__file__).parent / "scripts"
CHAT = Path(__file__).parents[3] / "realtime/chat"


def test_the_pages_scripts_keep_their_promises() -> None:
    node_suite.run(SUITE)


def test_text_is_never_interpreted_as_markup() -> None:
    for script in CHAT.glob("static/chat/*.js"):
        source = script.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", source)
    for template in CHAT.glob("templates/chat/*.html"):
        source = template.read_text(encoding="utf-8")
        assert not re.search(r"\|safe\b|autoescape off|mark_safe", source)
