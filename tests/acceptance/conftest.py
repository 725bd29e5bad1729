from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.acceptance.chatting import Party
from tests.acceptance.chromium import Standing, standing
from tests.acceptance.following import Publisher
from tests.acceptance.site import Site, elsewhere, running


@pytest.fixture
def site_folder() -> Iterator[Path]:
    """A folder whose path is short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="cc-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """One site for all tests of this process that leave it as they found it."""
    if port := os.environ.get("RUNNING_SITE_PORT"):
        yield elsewhere(int(port))
        return
    with (
        tempfile.TemporaryDirectory(prefix="cc-", ignore_cleanup_errors=True) as folder,
        running(Path(folder)) as site,
    ):
        yield site


@pytest.fixture(scope="session")
def chromium() -> Iterator[Standing]:
    with standing() as chromium:
        yield chromium


@pytest.fixture
def browser(chromium: Standing) -> Iterator[Browser]:
    """Headless Chromium: the same for all tests, its contexts each test's own."""
    with chromium.used() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A tab of the site; an error in its console, also a breach of the CSP, fails the test."""
    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def party(browser: Browser, site: Site) -> Iterator[Party]:
    """People who come to the chat."""
    with Party(browser, site) as party:
        yield party


@pytest.fixture
def room(party: Party) -> str:
    """A chat room of the test's own."""
    return party.open_room()


@pytest.fixture
def publisher(site: Site) -> Iterator[Publisher]:
    with closing(Publisher(site)) as publisher:
        yield publisher


@pytest.fixture
def tab(browser: Browser, site: Site) -> Iterator[Page]:
    """A tab whose console may complain that the server is away."""
    with closing(browser.new_context(base_url=site.url)) as context:
        page = context.new_page()
        page.goto("/images/")
        yield page
