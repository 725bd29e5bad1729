"""The images page as somebody sees it."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from tests import services
from tests.acceptance.site import Site
from tests.unit.thumbnailer import pictures

DONE_SECONDS = 30.0

#: Set on the page once it is loaded: a reload would lose it.
_MARK = "window.notReloaded = true"
_WHOLE = "image => image.complete && Math.max(image.naturalWidth, image.naturalHeight) === 320"


def photos(folder: Path, count: int) -> list[Path]:
    """Photos on a disk, each of its own size."""
    paths = [folder / f"photo-{number}.jpg" for number in range(1, count + 1)]
    for number, path in enumerate(paths, start=1):
        path.write_bytes(pictures.photo(2000 + 200 * number, 1500))
    return paths


class Gallery:
    """A tab that shows the images page; its timeouts are bounds, not waits."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.requested: list[str] = []
        self.page.goto(f"{url}/images/")
        self.live()
        self.page.evaluate(_MARK)
        # Heard from the start: Playwright needs a moment until it catches a file chooser.
        self.page.on("filechooser", lambda _: None)
        self.page.on("request", lambda request: self.requested.append(request.url))

    def upload(self, *files: Path) -> None:
        self.page.set_input_files("#files", list(files))

    def live(self) -> None:
        expect(self.page.locator("#connection")).to_have_attribute(
            "data-state", "connected", timeout=DONE_SECONDS * 1000
        )

    def shows(self, state: str, count: int, seconds: float = DONE_SECONDS) -> None:
        """Wait until that many cards are in this state."""
        cards = self.page.locator(f'[data-part="card"][data-state="{state}"]')
        expect(cards).to_have_count(count, timeout=seconds * 1000)

    def thumbnails(self, count: int, seconds: float = DONE_SECONDS) -> None:
        """Wait until that many cards are done and show their large thumbnail."""
        self.shows("succeeded", count, seconds)
        images = self.page.locator('[data-state="succeeded"] img')
        expect(images).to_have_count(count)
        for image in images.all():
            self.page.wait_for_function(_WHOLE, arg=image.element_handle())

    def asked_for(self) -> list[str]:
        """Every address the page has asked for since it was loaded, pictures and events aside.

        While no websocket can be opened the page looks for its events at `/events/`.
        """
        aside = ("/thumbnails/", "blob:", "/events/")
        return [url for url in self.requested if not any(part in url for part in aside)]

    def was_not_reloaded(self) -> bool:
        return self.page.evaluate("window.notReloaded") is True


@contextmanager
def worker_held(site: Site) -> Iterator[None]:
    """The worker takes nothing meanwhile, as one that is busy elsewhere."""
    pid = site.pid("worker1")
    services.until(lambda: _stopped(pid, site), what="moment in which the worker does not write")
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _stopped(pid: int, site: Site) -> bool:
    """Stop the process, but not within a transaction: nobody else could write until it goes on."""
    os.kill(pid, signal.SIGSTOP)
    with closing(sqlite3.connect(site.var_dir / "db.sqlite3", timeout=1)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            os.kill(pid, signal.SIGCONT)
            return False
        database.rollback()
    return True
