from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests import services
from tests.acceptance.gallery import Gallery, photos
from tests.acceptance.site import Site

#: More stops than the page has: a focus that never arrives ends the test.
STOPS = 40


def tab_to(page: Page, selector: str) -> None:
    """Go there as a person without a mouse does."""
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{STOPS} times Tab do not lead to {selector}")


def test_a_card_opens_its_sizes_with_links_to_copy(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    with browser.new_context(permissions=["clipboard-read", "clipboard-write"]) as context:
        tab = Gallery(context, site.url)
        tab.upload(*photos(tmp_path, 1))
        tab.thumbnails(1)
        tab.page.get_by_role("link", name="Sizes of photo-1.jpg").click()
        viewer = tab.page.get_by_role("dialog", name="photo-1.jpg")
        expect(viewer.get_by_role("img", name="photo-1.jpg")).to_be_visible()
        viewer.get_by_role("button", name="Copy link to 320 × 218").click()
        expect(viewer.get_by_role("button", name="Copy link to 320 × 218")).to_have_text("Copied")
        expect(viewer.locator("[aria-live]")).to_have_text("Link copied.")
        copied = tab.page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(f"{site.url}/images/thumbnails/")
        answer = context.request.get(copied)
        assert (answer.status, answer.headers["content-type"]) == (200, "image/webp")
        with tab.page.expect_download() as download:
            viewer.get_by_role("link", name="Download the original").click()
        assert download.value.suggested_filename == "photo-1.jpg"


def test_a_picture_that_is_removed_elsewhere_closes_its_viewer(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    with browser.new_context() as context:
        tab, other = Gallery(context, site.url), Gallery(context, site.url)
        tab.upload(*photos(tmp_path, 1))
        tab.thumbnails(1)
        tab.page.get_by_role("button", name="Sizes of photo-1.jpg").click()
        expect(tab.page.get_by_role("dialog")).to_be_visible()
        other.page.get_by_role("button", name="Remove photo-1.jpg").click()
        expect(tab.page.get_by_role("dialog")).to_have_count(0)
        expect(tab.page.get_by_text("No images yet.")).to_be_visible()


def test_all_can_be_done_by_keyboard(browser: Browser, site: Site, tmp_path: Path) -> None:
    with browser.new_context() as context:
        tab = Gallery(context, site.url)
        page = tab.page
        tab_to(page, "#files")
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Enter")
        chooser.value.set_files(photos(tmp_path, 2))
        tab.thumbnails(2)
        tab_to(page, '[data-part="open"]')
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        tab_to(page, '[data-part="copy"]')
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        focused = page.locator(":focus")
        expect(focused).to_have_attribute("data-part", "open")
        for left in (1, 0):
            tab_to(page, '[data-part="remove"] button')
            page.keyboard.press("Enter")
            expect(page.locator('[data-part="card"]')).to_have_count(left)
            # The focus goes to the neighbour, at last to where the next image comes from.
            place = '[data-part="remove"] button' if left else "#files"
            expect(page.locator(place)).to_be_focused()
            page.locator("#files").focus()


def test_the_page_has_one_place_that_is_read_out(browser: Browser, site: Site) -> None:
    with browser.new_context() as context:
        tab = Gallery(context, site.url)
        spoken = "[aria-live]:not([role=alert]), [role=status], [role=log], output"
        expect(tab.page.locator(spoken)).to_have_count(1)


def test_a_phone_offers_its_camera(browser: Browser, site: Site, tmp_path: Path) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    with browser.new_context(**phone) as context:  # type: ignore[arg-type]
        tab = Gallery(context, site.url)
        with tab.page.expect_file_chooser() as chooser:
            tab.page.get_by_label("Take a photo").tap()
        assert chooser.value.element.get_attribute("capture") == "environment"
        chooser.value.set_files(photos(tmp_path, 1))
        tab.thumbnails(1)
    with browser.new_context() as context:
        tab = Gallery(context, site.url)
        expect(tab.page.get_by_label("Take a photo")).not_to_be_visible()


def test_images_can_be_removed_without_scripts(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site.url}/images/")
        page.set_input_files("#files", photos(tmp_path, 1))
        page.get_by_role("button", name="Upload").click()
        # A reload before would end the upload.
        expect(page.get_by_role("button", name="Remove photo-1.jpg")).to_be_visible()

        def is_done() -> bool:
            page.reload()
            return page.get_by_role("link", name="Sizes of photo-1.jpg").count() == 1

        services.until(is_done, what="a thumbnail in the reloaded page")
        page.get_by_role("button", name="Remove photo-1.jpg").click()
        expect(page.get_by_text("No images yet.")).to_be_visible()
