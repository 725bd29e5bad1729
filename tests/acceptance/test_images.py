from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests import services
from tests.acceptance.gallery import Gallery, photos, worker_held
from tests.acceptance.site import Site, running

#: What "accepted at once" may take with Chromium and two processors in between.
AT_ONCE_SECONDS = 4.0
#: From the broker's return until all is done.
AGAIN_SECONDS = 30.0


def test_thumbnails_of_three_photos_appear_without_reload(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    with browser.new_context() as context:
        tab = Gallery(context, site.url)
        tab.upload(*photos(tmp_path, 3))
        tab.thumbnails(3)
        expect(tab.page.locator("#summary")).to_have_text("3 of 3 done")
        assert tab.was_not_reloaded()
        # The three uploads and nothing else: it does not poll.
        assert tab.asked_for() == [f"{site.url}/images/"] * 3


def test_a_reload_half_way_and_a_second_tab_show_the_true_state(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    one, *others = photos(tmp_path, 3)
    with browser.new_context() as context:
        tab = Gallery(context, site.url)
        tab.upload(one)
        tab.thumbnails(1)
        with worker_held(site):
            tab.upload(*others)
            tab.shows("queued", 2)
            tab.page.reload()
            tab.shows("queued", 2)
            tab.shows("succeeded", 1)
            second = Gallery(context, site.url)
            second.shows("queued", 2)
        tab.thumbnails(3)
        second.thumbnails(3)
        assert second.was_not_reloaded()


def test_an_open_second_tab_sees_uploads_and_removals(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    with browser.new_context() as context:
        one, other = Gallery(context, site.url), Gallery(context, site.url)
        one.upload(*photos(tmp_path, 1))
        other.thumbnails(1)
        one.page.get_by_role("button", name="Remove").click()
        other.shows("succeeded", 0)
        expect(other.page.get_by_text("No images yet.")).to_be_visible()
        assert other.was_not_reloaded()


def test_another_visitor_sees_nothing_of_it(browser: Browser, site: Site, tmp_path: Path) -> None:
    with browser.new_context() as mine, browser.new_context() as theirs:
        stranger, owner = Gallery(theirs, site.url), Gallery(mine, site.url)
        owner.upload(*photos(tmp_path, 1))
        owner.thumbnails(1)
        assert stranger.page.locator('#album [data-part="card"]').count() == 0


def test_a_file_that_is_no_image_says_so_on_its_card(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.jpg"
    notes.write_text("no image at all")
    with browser.new_context() as context:
        tab = Gallery(context, site.url)
        tab.upload(notes)
        tab.shows("failed", 1)
        sentence = "This file is not an image we can read (JPEG, PNG, WebP, GIF, AVIF)."
        expect(tab.page.get_by_text(sentence)).to_be_visible()
        tab.page.reload()
        expect(tab.page.get_by_text(sentence)).to_be_visible()


def test_the_page_works_without_scripts(browser: Browser, site: Site, tmp_path: Path) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site.url}/images/")
        page.set_input_files("#files", photos(tmp_path, 2))
        page.get_by_role("button", name="Upload").click()
        expect(page.locator('[data-part="card"]')).to_have_count(2)

        def done() -> bool:
            page.reload()
            return page.locator('[data-state="succeeded"] img').count() == 2

        services.until(done, what="two thumbnails in the reloaded page")


def test_the_images_page_fits_a_narrow_phone(browser: Browser, site: Site, tmp_path: Path) -> None:
    with browser.new_context(viewport={"width": 320, "height": 640}) as context:
        tab = Gallery(context, site.url)
        tab.upload(*photos(tmp_path, 2))
        tab.thumbnails(2)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.proof
def test_a_page_survives_the_death_of_the_web_server_and_misses_nothing(
    browser: Browser, site_folder: Path, tmp_path: Path
) -> None:
    with running(site_folder) as site, browser.new_context() as context:
        tab = Gallery(context, site.url)
        one, *others = photos(tmp_path, 3)
        tab.upload(one)
        tab.thumbnails(1)
        with worker_held(site):
            tab.upload(*others)
            tab.shows("queued", 2)
            site.kill("web")
        tab.thumbnails(3)
        tab.live()
        assert tab.was_not_reloaded()
        # Nor did it ask for the state anew: all that it missed came as events.
        assert tab.asked_for() == [f"{site.url}/images/"] * 3


@pytest.mark.proof
def test_uploads_without_redis_are_accepted_at_once_and_finish_once_it_is_back_empty(
    browser: Browser, site_folder: Path, tmp_path: Path
) -> None:
    files = photos(tmp_path, 3)
    with services.redis_server(tmp_path) as (port, redis):
        url = f"redis://127.0.0.1:{port}/0"
        with running(site_folder, REDIS_URL=url) as site, browser.new_context() as context:
            tab = Gallery(context, site.url)
            redis.kill()
            redis.wait()
            tab.upload(*files)
            tab.shows("queued", 3, seconds=AT_ONCE_SECONDS)
            with services.redis_server(tmp_path, port):
                tab.thumbnails(3, seconds=AGAIN_SECONDS)
            assert tab.was_not_reloaded()
