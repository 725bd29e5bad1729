"""The foreign product in a fresh environment: its files, its databases, its processes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, build_opener

from tests import services
from tests.acceptance.readme import Project, environment

from .installed import Supported

PRODUCT = Path(__file__).parent / "product"
SETUP = "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'crm.settings'; django.setup()\n"
PEOPLE = 'from crm.accounts.models import User\nUser.objects.create_user("ann")\n'
_open = build_opener().open


@contextmanager
def product(folder: Path, programs: Path, supported: Supported) -> Iterator[Project]:
    """Its files, a private Redis, and its databases, empty."""
    with ExitStack() as stack:
        redis_port, _ = stack.enter_context(services.redis_server(folder))
        databases = stack.enter_context(
            _sqlite(folder) if supported.lowest else _postgresql(folder)
        )
        project = Project(
            folder / "product",
            environment(
                PATH=f"{programs}{os.pathsep}{os.environ['PATH']}",
                CRM_REDIS_URL=f"redis://127.0.0.1:{redis_port}/0",
                CRM_DATABASES=json.dumps(databases),
            ),
        )
        shutil.copytree(PRODUCT, project.folder, ignore=shutil.ignore_patterns("__pycache__"))
        project.run("python manage.py makemigrations accounts tasks")
        yield project


@contextmanager
def _sqlite(folder: Path) -> Iterator[dict[str, Any]]:
    shared = {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": {"timeout": 20}}
    yield {
        alias: {**shared, "NAME": str(folder / f"{alias}.sqlite3")}
        for alias in ("default", "replica")
    }


@contextmanager
def _postgresql(folder: Path) -> Iterator[dict[str, Any]]:
    services.need("postgresql", services.postgresql_folder())
    data = folder / "postgresql"
    services.start_postgresql(data)
    try:
        yield {
            alias: {
                "ENGINE": "django.db.backends.postgresql",
                "HOST": str(data),
                "USER": "postgres",
                "NAME": name,
            }
            for alias, name in (("default", "postgres"), ("replica", "template1"))
        }
    finally:
        services.stop_postgresql(data)


@dataclass(frozen=True, slots=True)
class Running:
    """Its WSGI server, its ASGI server and its worker at work; somebody has signed in."""

    project: Project
    wsgi_port: int
    asgi_port: int
    cookie: str

    def get(self, path: str) -> Any:
        """What the WSGI server answers."""
        request = Request(f"http://127.0.0.1:{self.wsgi_port}{path}")
        request.add_header("Cookie", self.cookie)
        with _open(request, timeout=30) as answer:
            text = answer.read().decode()
            return json.loads(text) if text else None

    def stream(self, topic: str) -> str:
        """What a topic's Server-Sent Events say, up to an outcome."""
        request = Request(f"http://127.0.0.1:{self.asgi_port}/events/{topic}/")
        request.add_header("Cookie", self.cookie)
        lines: list[str] = []
        with _open(request, timeout=30) as answer:
            while not lines or "job.succeeded" not in lines[-1]:
                lines.append(answer.readline().decode())
        return "".join(lines)

    def python(self, code: str) -> str:
        """What code in the product's own process prints."""
        return run_once(self.project, code)


def run_once(project: Project, code: str) -> str:
    """What code in a process of the product's own prints."""
    (project.folder / "once.py").write_text(SETUP + code)
    return project.run("python once.py").strip()


@contextmanager
def running(project: Project) -> Iterator[Running]:
    """Migrate and start; the worker as the product always has, without a list of queues."""
    for database in ("default", "replica"):
        project.run(f"python manage.py migrate --verbosity 0 --database {database}")
    run_once(project, PEOPLE)
    wsgi, asgi = services.free_port(), services.free_port()
    with ExitStack() as stack:
        for command, until in (
            (f"gunicorn --bind 127.0.0.1:{wsgi} --workers 2 --threads 2 crm.wsgi", "Booting"),
            (f"daphne -b 127.0.0.1 -p {asgi} crm.asgi:application", "Listening on"),
            ("celery -A crm worker --concurrency 2 --loglevel INFO", "ready."),
        ):
            stack.enter_context(project.running(command, until=until))
        for port in (wsgi, asgi):
            services.until(lambda it=port: services.answers(it), what="server")  # type: ignore[misc]
        with _open(f"http://127.0.0.1:{wsgi}/login/", timeout=30) as answer:
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
        yield Running(project, wsgi, asgi, cookie)
