from __future__ import annotations

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
