from __future__ import annotations

from playwright.sync_api import Page, expect


def test_start_page_explains_what_can_be_done(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    answer = page.goto("/")

    for use in ("Upload and watch", "Chat", "Echo"):
        expect(page.get_by_role("heading", name=use)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_admin_works_under_the_policy(page: Page) -> None:
    page.goto("/admin/")

    assert page.get_by_role("button", name="Log in").is_visible()
