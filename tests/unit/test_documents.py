from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from channels_celery.settings import Settings
from channels_celery.topics import protocol

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROTOCOL = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CODES = [
    protocol.SHUTDOWN,
    protocol.SLOW,
    protocol.INTERNAL,
    protocol.OVERLOAD,
    protocol.BAD_FRAME,
    protocol.CREDENTIALS,
    protocol.ORIGIN,
    protocol.OTHER_VERSION,
    protocol.TOO_MANY_TOPICS,
]


def environment_variables() -> set[str]:
    """What the site's modules read from the environment."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "config").glob("*.py"))
    return set(re.findall(r'\b_?env\.\w+\(\s*"([A-Z0-9_]+)"', sources))


def test_readme_names_every_setting_of_the_library_with_its_default() -> None:
    told = dict(re.findall(r"^\| `([A-Z_]+)` \| `?\"?([\w.]+)", README, re.MULTILINE))

    for field in fields(Settings):
        default = field.default if isinstance(field.default, str) else f"{field.default:g}"
        assert told.get(field.name) == default, field.name


def test_readme_names_every_variable_that_the_site_reads() -> None:
    found = environment_variables()

    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PORT"} <= found
    assert {name for name in found if f"`{name}`" not in README} == set()


@pytest.mark.parametrize("code", CODES)
def test_protocol_page_explains_each_close_code(code: int) -> None:
    assert re.search(rf"^\| {code} +\|", PROTOCOL, re.MULTILINE)


@pytest.mark.parametrize("op", ["subscribe", "unsubscribe", "publish", "whisper", "pong"])
def test_protocol_page_shows_each_request(op: str) -> None:
    assert f'"op":"{op}"' in PROTOCOL


def test_protocol_page_names_the_bounds_in_force() -> None:
    welcome = f'"limits":{{"frame":{protocol.FRAME_BYTES},"topics":{protocol.TOPICS}}}'

    assert welcome in PROTOCOL
    assert f"At most {protocol.OPERATIONS} requests wait" in PROTOCOL


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []
