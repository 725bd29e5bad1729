from __future__ import annotations

import gzip
import re
from pathlib import Path

from tests import node_suite

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "channels_celery/static/channels_celery"
#: What a page loads that imports the first of them.
CLIENT = ("client.js", "link.js", "outbox.js")
#: What only a page loads that asks for it.
ON_REQUEST = ("jobs.js", "presence.js", "sse.js")
SUITE = ROOT / "tests/unit/client"

#: What the browser may have to load.
CLIENT_BYTES = 5 * 1024


def without_comments(source: str) -> str:
    """Less than any minifier takes away: indentation and comments, but no name."""
    code = re.sub(r"(?<!\S)// .*", "", re.sub(r"/\*\*.*?\*/", "", source, flags=re.DOTALL))
    lines = (line.strip() for line in code.splitlines())
    return "\n".join(line for line in lines if line)


def test_client_is_at_most_5_kb() -> None:
    texts = [without_comments((STATIC / name).read_text(encoding="utf-8")) for name in CLIENT]
    sizes = [len(gzip.compress(text.encode(), mtime=0)) for text in texts]
    assert sum(sizes) <= CLIENT_BYTES


def test_client_takes_nothing_but_its_own_modules() -> None:
    taken = {name: imports(name) for name in (*CLIENT, *ON_REQUEST)}
    assert taken == {
        "client.js": ["./link.js", "./outbox.js"],
        **{name: [] for name in ("link.js", "outbox.js", *ON_REQUEST)},
    }


def imports(name: str) -> list[str]:
    source = without_comments((STATIC / name).read_text(encoding="utf-8"))
    found = re.findall(r"\bfrom \"(\S+)\";|\b(?:import|require)\b\s*[(\"'](.*)", source)
    return [one or other for one, other in found]


def test_client_keeps_its_promises_in_a_scripted_browser() -> None:
    node_suite.run(SUITE)
