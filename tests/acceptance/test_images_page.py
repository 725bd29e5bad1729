from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests import services
from tests.acceptance.gallery import Gallery, photos, worker_held
from tests.acceptance.shifts import WATCH, nothing_moved
from tests.acceptance.site import Site
from tests.unit.thumbnailer import pictures

#: Five attempts wait 15 s in between at most; the rest is for a busy machine.
GIVEN_UP_SECONDS = 60.0

_COUNT_REQUESTS = """
    let running = 0;
    window.mostRequests = 0;
    window.XMLHttpRequest = class extends XMLHttpRequest {
        send(body) {
            window.mostRequests = Math.max(window.mostRequests, ++running);
            super.send(body);
        }
        constructor() {
            super();
            this.addEventListener("loadend", () => (running -= 1));
        }
    };"""


def brought(page: Page, name: str) -> Any:
    """What a drag or the clipboard carries: one photo."""
    return page.evaluate_handle(
        """([name, bytes]) => {
            const brought = new DataTransfer();
            const file = new File([new Uint8Array(bytes)], name, { type: "image/jpeg" });
            brought.items.add(file);
            return brought;
        }""",
        [name, list(pictures.photo(640, 480))],
    )


def card(page: Page, name: str) -> Locator:
    return page.locator('[data-part="card"]').filter(has_text=name)


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_nothing_moves_while_thumbnails_arrive(
    browser: Browser, site: Site, tmp_path: Path, width: int
) -> None:
    with browser.new_context(viewport={"width": width, "height": 2000}) as context:
        tab = Gallery(context, site.url)
        notes = tmp_path / "notes.jpg"
        notes.write_text("no image at all")
        with worker_held(site):
            tab.upload(notes, *photos(tmp_path, 4))
            tab.shows("queued", 5)
            other = Gallery(context, site.url)
            for page in (tab.page, other.page):
                page.evaluate(WATCH)
        tab.thumbnails(4)
        other.thumbnails(4)
        for page in (tab.page, other.page):
            nothing_moved(page)


def test_files_dropped_anywhere_are_uploaded_and_the_zone_shows_it(
    browser: Browser, site: Site
) -> None:
    with browser.new_context() as context:
        tab = Gallery(context, site.url)
        page, zone = tab.page, tab.page.locator("#drop")
        carried = {"dataTransfer": brought(page, "dropped.jpg")}
        lit = re.compile(r"\bover\b")
        page.dispatch_event("#drop", "dragenter", carried)
        # From the zone onto what is in it: the new place is entered before the old one is left.
        page.dispatch_event("#files", "dragenter", carried)
        inside = page.locator("#files").element_handle()
        page.dispatch_event("#drop", "dragleave", {**carried, "relatedTarget": inside})
        expect(zone).to_have_class(lit)
        page.dispatch_event("#files", "dragleave", carried)
        expect(zone).not_to_have_class(lit)
        page.dispatch_event("h1", "dragenter", carried)
        expect(zone).to_have_class(lit)
        page.dispatch_event("h1", "drop", carried)
        expect(zone).not_to_have_class(lit)
        tab.thumbnails(1)
        expect(card(page, "dropped.jpg")).to_have_count(1)
        assert tab.was_not_reloaded()


def test_a_pasted_image_is_uploaded_under_a_name_of_its_own(browser: Browser, site: Site) -> None:
    with browser.new_context() as context:
        tab = Gallery(context, site.url)
        tab.page.evaluate(
            """clipboardData => document.body.dispatchEvent(
                new ClipboardEvent("paste", { clipboardData, bubbles: true }))""",
            brought(tab.page, "image.png"),
        )
        tab.thumbnails(1)
        expect(card(tab.page, "Pasted at")).to_have_count(1)


@pytest.mark.proof
def test_of_many_files_three_are_under_way_at_once(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    small = [tmp_path / f"{number}.jpg" for number in range(1, 41)]
    for path in small:
        path.write_bytes(pictures.photo(400, 300))
    with browser.new_context() as context:
        context.add_init_script(_COUNT_REQUESTS)
        tab = Gallery(context, site.url)
        with worker_held(site):
            tab.upload(*small)
            tab.shows("queued", 40)
            expect(tab.page.locator("#summary")).to_have_text("0 of 40 done")
            assert tab.page.evaluate("window.mostRequests") == 3
        expect(tab.page.locator("#summary")).to_have_text(re.compile(r"^[1-9]\d? of 40 done$"))
        tab.page.reload()
        tab.shows("succeeded", 40, seconds=60)


@pytest.mark.proof
def test_work_that_fails_is_tried_again_then_says_why_and_can_be_helped(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    with browser.new_context() as context:
        tab = Gallery(context, site.url)
        with worker_held(site):
            # Of no other test: the work on known bytes is done before it begins.
            photo = tmp_path / "photo-1.jpg"
            photo.write_bytes(pictures.photo(1357, 753))
            tab.upload(photo)
            tab.shows("queued", 1)
            originals = (site.var_dir / "media/originals").glob("??/*")
            original = max(originals, key=lambda path: path.stat().st_mtime_ns)
            original.rename(tmp_path / "elsewhere")
            # Nobody's fault but the disk's: one that is not there would be told as lost.
            original.mkdir()
        shown = card(tab.page, "photo-1.jpg")
        said = shown.locator('[data-part="status"]')
        expect(said).to_have_text(
            re.compile(r"^Trying again (now|in \d+ s), attempt [2-5] of 5$"), timeout=30_000
        )
        other = Gallery(context, site.url)
        for page in (tab, other):
            page.shows("failed", 1, seconds=GIVEN_UP_SECONDS)
        expect(said).to_have_text("The work failed.")
        original.rmdir()
        (tmp_path / "elsewhere").rename(original)
        with worker_held(site):
            shown.get_by_role("button", name="Try again").click()
            tab.shows("queued", 1)
            other.shows("queued", 1)
            tab.page.reload()
            tab.shows("queued", 1)
        tab.thumbnails(1)
        other.thumbnails(1)


def test_a_file_that_no_repeat_helps_can_be_replaced(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.jpg"
    notes.write_text("no image at all")
    with browser.new_context() as context:
        tab = Gallery(context, site.url)
        tab.upload(notes)
        tab.shows("failed", 1)
        expect(tab.page.get_by_role("button", name="Try again")).to_have_count(0)
        with tab.page.expect_file_chooser() as chooser:
            tab.page.get_by_role("button", name="Replace notes.jpg").click()
        chooser.value.set_files(photos(tmp_path, 1))
        tab.thumbnails(1)
        expect(card(tab.page, "notes.jpg")).to_have_count(0)


def test_a_file_that_is_too_large_is_not_sent(browser: Browser, site: Site, tmp_path: Path) -> None:
    film = tmp_path / "film.jpg"
    film.write_bytes(bytes(25 * 1024 * 1024 + 1))
    with browser.new_context() as context:
        tab = Gallery(context, site.url)
        tab.upload(film)
        tab.shows("refused", 1)
        reason = "film.jpg: This file is larger than 25 MB. Choose a smaller one."
        expect(tab.page.get_by_role("alert")).to_have_text(reason)
        assert tab.asked_for() == []


def test_an_upload_tells_its_bytes_and_can_be_cancelled(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    photo = tmp_path / "slow.jpg"
    photo.write_bytes(pictures.photo(640, 480) + bytes(3_000_000))
    with browser.new_context() as context:
        tab = Gallery(context, site.url)
        slow = {"offline": False, "latency": 0, "downloadThroughput": -1}
        line = context.new_cdp_session(tab.page)
        line.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": 200_000})
        tab.upload(photo)
        tab.shows("uploading", 1)
        said = tab.page.locator('[data-part="status"]')
        expect(said).to_have_text(re.compile(r"^Uploading, [0-2]\.[1-9] of 3\.0 MB$"))
        tab.page.get_by_role("button", name="Cancel the upload of slow.jpg").click()
        expect(card(tab.page, "slow.jpg")).to_have_count(0)
        tab.page.reload()
        expect(tab.page.get_by_text("No images yet.")).to_be_visible()


def test_what_was_chosen_while_offline_is_sent_when_the_connection_is_back(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    with browser.new_context() as context:
        tab = Gallery(context, site.url)
        context.set_offline(True)
        tab.upload(*photos(tmp_path, 2))
        tab.shows("unsent", 2)
        context.set_offline(False)
        tab.thumbnails(2)
        assert tab.was_not_reloaded()


def test_an_upload_whose_answer_is_lost_counts_once(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    paused: list[dict[str, Any]] = []
    with browser.new_context() as context:
        page = context.new_page()
        # No event says that it has arrived: only the lost answer would have.
        page.route_web_socket("**/ws/", lambda _: None)
        page.goto(f"{site.url}/images/")
        line = context.new_cdp_session(page)
        line.on("Fetch.requestPaused", lambda event: paused.append(event))
        answers = {"urlPattern": "*/images/", "requestStage": "Response"}
        line.send("Fetch.enable", {"patterns": [answers]})
        page.set_input_files("#files", photos(tmp_path, 1))
        services.until(lambda: page.title() and paused, what="answer to the upload")
        assert paused[0]["responseStatusCode"] == 201
        lost = {"requestId": paused[0]["requestId"], "errorReason": "ConnectionReset"}
        line.send("Fetch.failRequest", lost)
        expect(page.locator('[data-state="unsent"]')).to_have_count(1)
        line.send("Fetch.disable")
        expect(page.locator('[data-state="unsent"]')).to_have_count(0, timeout=10_000)
        tab = Gallery(context, site.url)
        tab.thumbnails(1)
