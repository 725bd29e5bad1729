from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = """
import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["shop", "blog", "channels_celery"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()
"""


def run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).resolve().parents[3]
    return subprocess.run(
        [sys.executable, "-c", PROJECT + code],
        cwd=folder,
        env={"PYTHONPATH": f"{folder}:{root}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def app(folder: Path, name: str, **modules: str) -> None:
    (folder / name).mkdir()
    for module, text in {"__init__": "", **modules}.items():
        (folder / name / f"{module}.py").write_text(text)


TASKS = """
from channels_celery import channel_task

@channel_task("thumbs")
def thumbs(job, message): ...
"""
TOPICS = """
from channels_celery import topics

@topics.rule("photo.<int:pk>")
def photo(visitor, pk): ...
"""


def test_channels_and_rules_of_every_app_are_known_after_setup(tmp_path: Path) -> None:
    app(tmp_path, "shop", tasks=TASKS, topics=TOPICS)
    app(tmp_path, "blog")
    code = """
from channels_celery.jobs import discovery, registry
from channels_celery.topics import access
print(list(registry.channels()), discovery.searched(), len(access._rules))
"""
    done = run(tmp_path, code)
    assert done.stdout == "['thumbs'] ['shop'] 1\n", done.stderr


def test_a_broken_tasks_module_stops_the_start(tmp_path: Path) -> None:
    app(tmp_path, "shop", tasks="import no_such_module\n")
    app(tmp_path, "blog")
    done = run(tmp_path, "print('started')")
    assert "no_such_module" in done.stderr
    assert done.stdout == ""


def test_every_public_name_exists(tmp_path: Path) -> None:
    app(tmp_path, "shop")
    app(tmp_path, "blog")
    code = """
import channels_celery
print([name for name in channels_celery.__all__ if getattr(channels_celery, name, None) is None])
"""
    done = run(tmp_path, code)
    assert done.stdout == "[]\n", done.stderr


def test_importing_the_package_imports_no_models() -> None:
    root = Path(__file__).resolve().parents[3]
    code = "import sys, channels_celery; print([name for name in sys.modules if 'models' in name])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "[]\n", done.stderr
