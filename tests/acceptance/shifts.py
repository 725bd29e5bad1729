"""What moves on a page under the reader's eyes, as Chromium tells it (Layout Instability API)."""

from __future__ import annotations

from functools import partial

from playwright.sync_api import Page

from tests import services

#: Text that becomes another one may begin elsewhere: the dot's word, a message's time.
WATCH = """
(() => {
    const element = (node) => (node?.closest ? node : node?.parentElement);
    const counts = ({ node }) => !element(node)?.closest("#connection, .message .about");
    let moved = 0;
    const add = (entries) => entries.forEach(({ value, sources }) => {
        if (!sources.length || sources.some(counts)) moved += value;
    });
    const observer = new PerformanceObserver((list) => add(list.getEntries()));
    observer.observe({ type: "layout-shift" });
    window.moved = () => (add(observer.takeRecords()), moved);
})()"""

_TWO_FRAMES = "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
_PUSH = "document.querySelector('main').prepend('pushes everything away')"


def nothing_moved(page: Page) -> None:
    """Since WATCH has run; and had something moved, it would have been seen."""
    page.evaluate(_TWO_FRAMES)
    assert page.evaluate("moved()") == 0
    page.evaluate(_PUSH)
    services.until(partial(page.evaluate, "moved() > 0"), what="shift")
