"""The README as a program: its snippets, its commands, and the empty project that they go into."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import services
from tests.acceptance.site import ROOT, SITE_VARIABLES

README = (ROOT / "README.md").read_text(encoding="utf-8")
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^(?:#|<!--) ([\w/]+\.(?:py|html))\b.*\n", re.MULTILINE)

#: What the README's reader has: a model and a function of their own, names imported.
GIVEN = {
    "shop/models.py": (
        "from django.conf import settings\n"
        "from django.db import models\n\n\n"
        "class Photo(models.Model):\n"
        "    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)\n"
    ),
    "shop/images.py": (
        "SIZES = (160, 320)\n\n\n"
        "def resize(photo, size):\n"
        "    return f'/media/{photo}-{size}.webp'\n"
    ),
    "shop/tasks.py": "from .images import SIZES, resize\nfrom .models import Photo\n",
    "mysite/__init__.py": "from .celery import app as celery_app\n",
}

#: The view around the README's line, and the page around its template.
VIEWS = """
from channels_celery import send, topics
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, render

from .models import Photo


def upload(request, pk):
    photo = get_object_or_404(Photo, pk=pk)
    receipt = {snippet}
    return JsonResponse({{"job": str(receipt.id)}})


def page(request, pk):
    name = f"photo.{{pk}}"
    return render(request, "photo.html", {{"name": name, "position": topics.position(name)}})
"""
URLS = """
from shop import views

urlpatterns += [
    path("photo/<int:pk>/", views.page),
    path("photo/<int:pk>/upload/", views.upload),
]
"""


def blocks(language: str) -> list[str]:
    """The README's snippets of a language, in order."""
    return [text for name, text in _FENCE.findall(README) if name == language]


def files() -> dict[str, str]:
    """The README's snippets by the file that their first line names."""
    found: dict[str, str] = {}
    for text in blocks("python") + blocks("html"):
        parts = _FILE.split(text)
        assert not parts[0].strip(), f"which file is this? {text}"
        found.update(zip(parts[1::2], parts[2::2], strict=True))
    return found


def commands(block: str) -> list[str]:
    """The commands of a block, without their comments."""
    lines = (line.partition("   #")[0].strip() for line in block.splitlines())
    return [line for line in lines if line]


@dataclass(frozen=True, slots=True)
class Project:
    """A project of somebody else's: a folder, and the environment that its commands run in."""

    folder: Path
    environment: dict[str, str]

    def run(self, command: str) -> str:
        """Run it to its end; its output."""
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def python(self, code: str) -> str:
        """Run code inside the set-up project; its output."""
        setup = "import os, django; os.environ.setdefault('DJANGO_SETTINGS_MODULE', "
        setup += "'mysite.settings'); django.setup()\n"
        return self.run(f"python -c {shlex.quote(setup + code)}")

    @contextmanager
    def running(self, command: str, until: str) -> Iterator[Path]:
        """Keep it running, from when it has said `until`; its log."""
        log = self.folder / f"{abs(hash(command))}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["sh", "-c", f"exec {command}"],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            services.until(
                lambda: until in log.read_text() or process.poll() is not None,
                seconds=90,
                what=f"{until!r} in {log}",
            )
            assert process.poll() is None, log.read_text()
            yield log
        finally:
            process.terminate()
            process.wait(60)


def environment(**more: str) -> dict[str, str]:
    """This one without what decides about the site, and with the tests' own Python first."""
    left_out = {*SITE_VARIABLES, "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL"}
    kept = {key: value for key, value in os.environ.items() if key not in left_out}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return {**kept, "PATH": path, "PYTHONUNBUFFERED": "1", **more}


def start_project(folder: Path, redis_url: str, programs: Path | None = None) -> Project:
    """`startproject` and `startapp` with the README's files in place.

    `programs` are those of an environment that the library is installed in; without it, the tests'
    own with the library on the path.
    """
    given = {"REDIS_URL": redis_url}
    if programs is None:
        library = folder / "library"
        library.mkdir()
        # Only the library: the site's own packages must not help.
        (library / "channels_celery").symlink_to(ROOT / "channels_celery")
        given["PYTHONPATH"] = str(library)
    else:
        given["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
    made = Project(folder / "project", environment(**given))
    made.folder.mkdir()
    made.run("django-admin startproject mysite .")
    made.run("django-admin startapp shop")
    snippets = files()
    own = {**GIVEN, "shop/views.py": VIEWS.format(snippet=snippets.pop("shop/views.py").strip())}
    for name in {*own, *snippets}:
        path = made.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = path.read_text() if name in ("mysite/settings.py", "mysite/urls.py") else ""
        path.write_text(kept + own.get(name, "") + snippets.get(name, ""))
    with (made.folder / "mysite/urls.py").open("a") as urls:
        urls.write(URLS)
    made.run("python manage.py makemigrations shop")
    return made


def clone_site(folder: Path, port: int) -> Project:
    """The repository's own files, with the tests' packages in place of a fresh `.venv`."""
    made = Project(folder / "clone", environment(PORT=str(port)))
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (made.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (made.folder / name).write_bytes((ROOT / name).read_bytes())
    venv = made.folder / ".venv"
    venv.mkdir()
    for part in ("bin", "lib", "pyvenv.cfg"):
        (venv / part).symlink_to(Path(sys.prefix) / part)
    for stamp in ("python", "run", "dev"):
        (venv / f"{stamp}.stamp").touch()
    return made
