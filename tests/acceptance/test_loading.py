"""While a page's scripts are on their way it stands as it will stand, and takes what one does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests import services
from tests.acceptance.chatting import Party
from tests.acceptance.gallery import Gallery, photos
from tests.acceptance.shifts import WATCH, nothing_moved
from tests.acceptance.site import Site
from tests.acceptance.waits import live

_PAINTED = "performance.getEntriesByType('paint').length > 0"


@contextmanager
def before_scripts(page: Page, path: str) -> Iterator[None]:
    """The page is there, its scripts are not; at the end they come."""
    held: list[Route] = []
    coming = False
    page.route("**/*.js", lambda route: route.continue_() if coming else held.append(route))
    page.goto(path, wait_until="commit")
    services.until(lambda: page.evaluate(_PAINTED) and held, what="page without scripts")
    yield
    coming = True
    for route in held:
        route.continue_()
    live(page)


@pytest.mark.parametrize(("width", "height"), [(320, 640), (1280, 900)])
def test_nothing_moves_as_the_scripts_come(
    party: Party, room: str, site: Site, tmp_path: Path, width: int, height: int
) -> None:
    guest = party.guest(room, viewport={"width": width, "height": height})
    guest.say("first", "second")
    expect(guest.messages).to_have_count(2)
    gallery = Gallery(guest.page.context, site.url)
    gallery.upload(*photos(tmp_path, 2))
    gallery.thumbnails(2)
    for path in ("/", "/echo/", "/chat/", f"/chat/{room}/", "/images/", "/accounts/login/"):
        page = guest.page.context.new_page()
        page.add_init_script(WATCH)
        with before_scripts(page, path):
            pass
        nothing_moved(page)
        page.close()


def test_a_file_chosen_before_the_scripts_came_is_uploaded_once(page: Page, tmp_path: Path) -> None:
    with before_scripts(page, "/images/"):
        page.set_input_files("#files", photos(tmp_path, 1))
    expect(page.locator('[data-part="card"][data-state="succeeded"]')).to_have_count(1)
    page.reload()
    live(page)
    expect(page.locator('[data-part="card"]')).to_have_count(1)


def test_what_is_written_before_the_scripts_came_is_kept_and_sent(party: Party, room: str) -> None:
    guest = party.guest(room)
    with before_scripts(guest.page, f"/chat/{room}/"):
        guest.page.get_by_label("Message", exact=True).fill("Early bird")
        expect(guest.page.get_by_role("button", name="Send")).to_be_disabled()
    guest.page.get_by_role("button", name="Send").click()
    guest.sees(["Early bird"])
