"""The tutorial as its reader does it: its files, its commands, its page, and its killed worker."""

from __future__ import annotations

import os
import re
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests import services
from tests.acceptance import readme
from tests.acceptance.readme import Project
from tests.acceptance.site import ROOT

TUTORIAL = (ROOT / "docs/adopt.md").read_text(encoding="utf-8")
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^(?:#|//|<!--) ([\w/]+\.\w+)(: at its end)?.*\n")


def commands() -> list[list[str]]:
    """The commands of each block, in order."""
    return [readme.commands(text) for name, text in _FENCE.findall(TUTORIAL) if name == "sh"]


def write_files(folder: Path) -> None:
    """Each file where the tutorial puts it: whole, or at the end of what is there."""
    for name, text in _FENCE.findall(TUTORIAL):
        if name == "sh":
            continue
        head = _FILE.match(text)
        assert head is not None, f"which file is this? {text}"
        path = folder / head[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if head[2] else "w") as file:
            file.write(text[head.end() :])


@pytest.fixture(scope="module")
def project() -> Iterator[tuple[Project, str, str]]:
    """The tutorial's project with its web server running; its address, and the worker's command."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cc-")))
        redis_port, _ = stack.enter_context(services.redis_server(folder))
        redis_url = f"redis://127.0.0.1:{redis_port}/0"
        library = folder / "library"
        library.mkdir()
        (library / "channels_celery").symlink_to(ROOT / "channels_celery")
        environment = readme.environment(PYTHONPATH=str(library), REDIS_URL=redis_url)
        made = Project(folder / "project", environment)
        made.folder.mkdir()
        (install, *start), (export,), (migrate, doctor), (serve, work), _ = commands()
        assert install.startswith("pip install channels-celery ")
        assert export.startswith("export REDIS_URL=redis://")
        for command in start:
            made.run(command)
        write_files(made.folder)
        made.run(migrate)
        told = made.run(f"{doctor} || true")
        assert "No worker runs" in told
        assert told.count(" ok\n") == 4
        port = services.free_port()
        stack.enter_context(made.running(f"{serve} --noreload {port}", until="Starting ASGI"))
        services.until(lambda: services.answers(port), what="web server")
        yield made, f"http://127.0.0.1:{port}", work


@pytest.fixture
def page(browser: Browser, project: tuple[Project, str, str]) -> Iterator[Page]:
    context = browser.new_context(base_url=project[1])
    opened = context.new_page()
    opened.goto("/")
    yield opened
    context.close()


def kill_children(made: Project) -> None:
    """Kill every child of the worker, the one that counts too."""
    newest = "from channels_celery.jobs.models import Worker; "
    main = int(made.python(newest + "print(Worker.objects.latest('beat').pid)"))
    for child in Path(f"/proc/{main}/task/{main}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)


def words(page: Page) -> list[str]:
    return page.locator("#words li").all_inner_texts()


def test_words_come_once_and_in_order_though_the_worker_is_killed(
    page: Page, project: tuple[Project, str, str]
) -> None:
    made, _, work = project
    page.fill("[name=text]", "one two three four five six seven eight")
    with made.running(work, until="[queues]"):
        page.get_by_role("button", name="Count").click()
        services.until(lambda: len(words(page)) >= 2, what="second word")
        kill_children(made)
        services.until(
            lambda: page.inner_text("#state") == "done, 8 words", what="outcome on the page"
        )
    assert words(page) == [
        "one: 3", "two: 3", "three: 5", "four: 4", "five: 4", "six: 3", "seven: 5", "eight: 5",
    ]  # fmt: skip


def test_a_failure_tells_its_sentence(page: Page, project: tuple[Project, str, str]) -> None:
    made, _, work = project
    with made.running(work, until="[queues]"):
        page.fill("[name=text]", " ")
        page.get_by_role("button", name="Count").click()
        services.until(
            lambda: page.inner_text("#state") == "There is nothing to count.", what="sentence"
        )


def test_its_tests_pass(project: tuple[Project, str, str]) -> None:
    assert re.search(r"Found [1-9]\d* test", project[0].run(commands()[-1][0]))
