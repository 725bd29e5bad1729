"""Pages reach the server through the public browser client, whatever they show."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = "channels_celery/static/channels_celery/"
#: The client's connection, and what stands in for it.
CLIENT = {STATIC + "link.js", STATIC + "sse.js"}
#: The console shows the websocket /chat/ itself, frame by frame: a client would hide it.
ECHO_CONSOLE = "realtime/echo/static/echo/"

OPENERS = re.compile(r"\b(?:WebSocket|WebSocketStream|EventSource|WebTransport)\b")
SCRIPT = re.compile(r"<script\b[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)


def opens_a_socket(name: str, text: str) -> bool:
    """Whether a page's script names what opens a socket, by whatever other name it then goes."""
    scripts = [text] if name.endswith(".js") else SCRIPT.findall(text)
    return any(OPENERS.search(script) for script in scripts)


def scripts() -> Iterator[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listing.splitlines():
        if name.endswith((".js", ".html")) and (ROOT / name).is_file():
            yield name


def test_only_the_public_client_opens_sockets_in_pages() -> None:
    opening = {
        name
        for name in scripts()
        if not name.startswith("tests/")
        and opens_a_socket(name, (ROOT / name).read_text(encoding="utf-8"))
    }
    assert {name for name in opening if not name.startswith(ECHO_CONSOLE)} == CLIENT


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("page.js", 'const socket = new WebSocket("/ws/");'),
        ("page.js", "const Socket = globalThis.WebSocket; new Socket(url);"),
        ("page.js", 'new EventSource(\n"/events/photo.7/")'),
        ("page.html", "<p>Hi</p><script type=module>\nnew WebSocket(url)\n</script>"),
    ],
)
def test_a_socket_is_found_in(name: str, text: str) -> None:
    assert opens_a_socket(name, text)


def test_a_page_may_speak_of_sockets() -> None:
    assert not opens_a_socket("page.html", "<p>new WebSocket(url)</p><script src=a.js></script>")
    assert not opens_a_socket("page.js", 'connection.subscribe("websocket", follower);')
