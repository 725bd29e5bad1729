from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests import services


@contextmanager
def launched() -> Iterator[Browser]:
    """Headless Chromium, the machine's own."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    services.need("chromium", path)
    # Chromium's own sandbox does not run as root.
    flags = ["--no-sandbox", "--disable-dev-shm-usage"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()
