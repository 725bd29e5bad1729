"""A fresh environment of another Python with the library's wheel in it, as an adopter makes one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import services
from tests.acceptance.site import ROOT

#: What the product's own development uses, at this repository's locked versions.
TOOLS = ("django-stubs", "mypy", "types-channels")
BOUND_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Supported:
    """One end of what the library supports."""

    name: str
    python: str
    django: str
    #: How that Django's version begins.
    version: str
    #: Whether each direct dependency is the oldest that its range allows, or the locked one.
    lowest: bool


LOWEST = Supported("lowest", "3.11", "django>=5.2,<5.3", "5.2\n", lowest=True)
NEWEST = Supported("newest", "3.13", "django>=6", "6.", lowest=False)


def make(folder: Path, supported: Supported, *tools: str) -> Path:
    """Build the wheel, install it and what a site needs beside it; the environment's `bin`."""
    interpreter = _interpreter(supported.python)
    if interpreter is None:
        text = f"needs Python {supported.python} (on the PATH or under pyenv)"
        pytest.fail(text) if services.on_ci() else pytest.skip(text)
    wheel = build(folder)
    environment = folder / "environment"
    _uv("venv", "--python", interpreter, environment)
    install = ["pip", "install", "--python", environment / "bin/python"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    ranges = [*project["project"]["dependencies"], *project["dependency-groups"]["site"]]
    locks = [part for lock in ("", "-dev") for part in ("-c", ROOT / f"requirements{lock}.lock")]
    if tools:
        _uv(*install, *locks[2:], *tools)
    # The tools bring a Django of their own: the oldest is what is asked for, not what is there.
    how = ["--upgrade", "--resolution", "lowest-direct"] if supported.lowest else locks[:2]
    _uv(*install, *how, wheel, *ranges, supported.django)
    return environment / "bin"


def build(folder: Path) -> Path:
    """The library's wheel, built without the network."""
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _interpreter(version: str) -> str | None:
    """A Python of this version that starts."""
    return next((path for path in _candidates(version) if _is(path, version)), None)


def _candidates(version: str) -> Iterator[str]:
    yield sys.executable
    if on_path := shutil.which(f"python{version}"):
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True))


def _is(path: str, version: str) -> bool:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() == version


def _uv(*arguments: object) -> None:
    # Only Pythons that are there, and no other project's settings.
    run(sys.executable, "-m", "uv", "--no-config", "--no-python-downloads", *arguments)


def run(*command: object) -> None:
    """Run it to its end; one that fails shows what it said."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
