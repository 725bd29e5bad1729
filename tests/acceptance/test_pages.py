from __future__ import annotations

from playwright.sync_api import Page


def test_start_page_says_what_can_be_done(page: Page) -> None:
    page.goto("/")

    assert page.get_by_role("link", name="Upload images").is_visible()
    assert page.locator("header").get_by_text("Guest").is_visible()


def test_every_page_forbids_inline_scripts_and_framing(page: Page) -> None:
    answer = page.goto("/")

    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_page_fits_a_narrow_phone(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto("/")

    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_admin_works_under_the_policy(page: Page) -> None:
    page.goto("/admin/")

    assert page.get_by_role("button", name="Log in").is_visible()
