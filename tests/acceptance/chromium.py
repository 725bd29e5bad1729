from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests import services


@contextmanager
def launched(*, back_forward_cache: bool = False) -> Iterator[Browser]:
    """Headless Chromium, the machine's own; Playwright turns the back button's cache off."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    services.need("chromium", path)
    # Chromium's own sandbox does not run as root.
    flags = ["--no-sandbox", "--disable-dev-shm-usage"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        left_out = ["--disable-back-forward-cache"] if back_forward_cache else None
        browser = playwright.chromium.launch(
            executable_path=path, args=flags, ignore_default_args=left_out
        )
        yield browser
        browser.close()


class Standing:
    """A Chromium that outlives tests; a start costs a second of the processor.

    Playwright's event loop runs beneath its user, where no other loop could: it stands aside
    except while a test uses the browser.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._loop = asyncio.get_running_loop()

    @contextmanager
    def used(self) -> Iterator[Browser]:
        with running(self._loop):
            yield self._browser
            for context in self._browser.contexts:
                context.close()


@contextmanager
def standing() -> Iterator[Standing]:
    with launched() as browser:
        kept = Standing(browser)
        with running(None):
            yield kept


@contextmanager
def running(loop: asyncio.AbstractEventLoop | None) -> Iterator[None]:
    """What asyncio takes for this thread's running loop meanwhile."""
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(before)
