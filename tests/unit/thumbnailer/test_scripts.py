from __future__ import annotations

from pathlib import Path

from tests import node_suite

SUITE = Path(__file__).parent / "scripts"
SCRIPTS = Path(__file__).parents[3] / "tasks/thumbnailer/static/thumbnailer"


def test_the_pages_scripts_keep_their_promises() -> None:
    node_suite.run(SUITE)


def test_only_the_client_opens_a_socket() -> None:
    for script in SCRIPTS.glob("*.js"):
        assert "WebSocket(" not in script.read_text(encoding="utf-8"), script
