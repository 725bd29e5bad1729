"""The house rules that a reader may rely on: who imports whom, who touches what, how long it is."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = "channels_celery"
OURS = (LIBRARY, "config", "realtime", "tasks")
LONGEST_MODULE = 300
LONGEST_FUNCTION = 40
MEDIAN_MODULE = 100

#: A package and what it must not import. The rest of the library are ground modules and wiring.
FORBIDDEN = {
    f"{LIBRARY}.topics": (f"{LIBRARY}.jobs", "celery", "kombu", "config", "realtime", "tasks"),
    LIBRARY: ("config", "realtime", "tasks"),
    "realtime": ("config", "tasks"),
    "tasks": ("config", "realtime"),
}
#: The library's ground: everything stands on it, and it stands on nothing of ours.
GROUND = (
    "clock",
    "database",
    "errors",
    "failpoints",
    "ids",
    "jsontext",
    "loop",
    "repeat",
    "settings",
    "writer",
)


@cache
def listed() -> tuple[Path, ...]:
    """The files of the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return tuple(path for line in listing.stdout.splitlines() if (path := ROOT / line).is_file())


def modules(*packages: str) -> Iterator[Path]:
    for path in listed():
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in packages:
            yield path


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> set[str]:
    """Every module that is imported anywhere in it, with the names taken from it, absolute."""
    package = list(path.relative_to(ROOT).with_suffix("").parts[:-1])
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            found |= {f"{source}.{alias.name}" for alias in node.names}
    return found


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize(("package", "forbidden"), FORBIDDEN.items(), ids=list(FORBIDDEN))
def test_nothing_imports_upwards(package: str, forbidden: tuple[str, ...]) -> None:
    wrong = [
        f"{name_of(path)} imports {name}"
        for path in modules(*OURS)
        if within(name_of(path), package)
        for name in imports(path)
        if any(within(name, other) for other in forbidden)
    ]
    assert wrong == []


def test_ground_stands_on_ground_alone() -> None:
    ground = [f"{LIBRARY}.{name}" for name in GROUND]
    wrong = [
        f"{name_of(path)} imports {name}"
        for path in modules(LIBRARY)
        if name_of(path) in ground
        for name in imports(path)
        if within(name, LIBRARY) and not any(within(name, other) for other in ground)
    ]
    assert wrong == []


def test_only_topics_touches_the_log() -> None:
    assert touching(f"{LIBRARY}/topics/", "topics.models", r"channels_celery_(topic|event)\b") == []


def test_only_the_ledger_writes_jobs() -> None:
    sql = r"(INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+\"?channels_celery_job\b"
    orm = r"\bJob(\.objects)?\b[^\n]*\.a?(create|update|delete|bulk_\w+|save)\("
    assert touching(f"{LIBRARY}/jobs/ledger/", "", f"{sql}|{orm}") == []


def touching(home: str, module: str, pattern: str) -> list[str]:
    """Modules outside `home` that import `module` or hold `pattern`."""
    wiring = {f"{LIBRARY}/models.py"}
    wrong = []
    for path in modules(*OURS):
        place = str(path.relative_to(ROOT))
        if place.startswith(home) or place in wiring or "/migrations/" in place:
            continue
        taken = module and any(f"{LIBRARY}.{module}." in f"{name}." for name in imports(path))
        if taken or re.search(pattern, path.read_text(encoding="utf-8")):
            wrong.append(place)
    return wrong


def test_importing_the_library_imports_no_models() -> None:
    code = (
        "import sys, channels_celery, channels_celery.topics\n"
        "from channels_celery import Fail, Retry, channel_task, send, topics\n"
        "sys.exit(any(name.startswith('channels_celery') and name.endswith('models')\n"
        "             for name in sys.modules))"
    )
    environment = {"PYTHONPATH": str(ROOT)}
    assert (
        subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
    )


def test_every_module_fits_few_screens() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules(*OURS, "bench", "tests")
        if "migrations" not in path.parts
    }
    assert {name: n for name, n in lengths.items() if n > LONGEST_MODULE} == {}
    assert statistics.median(n for n in lengths.values() if n) < MEDIAN_MODULE


def test_every_function_fits_one_screen() -> None:
    assert [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in modules(*OURS, "bench", "tests")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ] == []


def test_supervisor_stays_small() -> None:
    parts = [path.read_text(encoding="utf-8") for path in (ROOT / "config/up").glob("*.py")]
    assert sum(len(part.splitlines()) for part in parts) <= 250


def test_repository_names_no_machine_and_no_registry() -> None:
    # Put together here, so that this file does not name them either.
    hosts = ["pypi" + ".org", "python" + "hosted.org", "npmjs" + ".", "--index" + "-url"]
    places = ["/" + folder + "/" for folder in ("root", "home", "work")]
    wrong = []
    for path in listed():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        wrong += [f"{path.relative_to(ROOT)}: {word}" for word in hosts + places if word in text]
    assert wrong == []


def test_changelog_begins_with_the_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    versions = re.findall(r"^## (\S+)", changelog, re.MULTILINE)
    assert versions[0] == project["version"]


@pytest.mark.parametrize(
    ("group", "lock"),
    [
        ("site", "requirements.lock"),
        ("local", "requirements.lock"),
        ("s3", "requirements-s3.lock"),
        ("dev", "requirements-dev.lock"),
    ],
)
def test_lock_holds_every_requirement_with_its_hashes(group: str, lock: str) -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    wanted = {re.split(r"[\[<>=]", requirement)[0] for requirement in groups[group]}
    text = (ROOT / lock).read_text()

    pinned = set(re.findall(r"^([a-z0-9-]+)==\S+ (?:;.*)?\\\n +--hash=sha256:", text, re.MULTILINE))
    assert wanted - pinned == set()
