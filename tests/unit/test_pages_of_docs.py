from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from channels_celery.settings import Settings
from tests import services

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
_PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as HTML, built as `make docs` does: a warning is an error."""
    services.need("graphviz", shutil.which("dot"))
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--nitpicky", "--quiet"]
    done = subprocess.run(
        [*command, "-b", "html", "-d", folder / "trees", ROOT / "docs", folder / "html"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_every_page_is_built_and_fetches_nothing(built: Path) -> None:
    for page in PAGES:
        made = built / page.relative_to(ROOT / "docs").with_suffix(".html")
        assert (
            re.findall(r'(?:src|href)="https?://[^"]+\.(?:js|css|woff2?)', made.read_text()) == []
        )
    assert "<svg" in (built / "holds.html").read_text() or list((built / "_images").glob("*.svg"))


def test_tables_hold_what_the_code_holds(built: Path) -> None:
    page = (built / "operate.html").read_text()
    assert [field.name for field in fields(Settings) if field.name not in page] == []
    source = "\n".join(path.read_text() for path in (ROOT / "channels_celery").rglob("*.py"))
    numbers = set(re.findall(r'id="channels_celery\.([EWI]\d{3})"', source))
    assert {number for number in numbers if f">{number}<" not in page} == set()
    assert len(numbers) > 25


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_in_the_pages_is_python(page: Path) -> None:
    for text in _PYTHON.findall(page.read_text(encoding="utf-8")):
        ast.parse(text)
