"""What every page shows of its connection, waited for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, expect

BAR_MS = 10_000


@contextmanager
def away(page: Page) -> Iterator[None]:
    """The network is gone, the bar says so; at the end both are as before."""
    page.context.set_offline(True)
    expect(page.locator("#lost")).to_be_visible(timeout=BAR_MS)
    yield
    page.context.set_offline(False)
    expect(page.locator("#lost")).to_be_hidden(timeout=BAR_MS)


def live(page: Page) -> None:
    """Wait until the page is connected."""
    dot = page.locator("#connection")
    expect(dot).to_have_attribute("data-state", "connected", timeout=2 * BAR_MS)
    expect(dot).to_be_visible()
