"""What a browser does to a tab: reloads it, keeps it for the back button, stops its process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager

from playwright.sync_api import Browser, Error, Page

from tests import services
from tests.acceptance.chromium import launched
from tests.acceptance.following import FOLLOW, Publisher, wait_for_state, wait_until_heard
from tests.acceptance.site import Site

#: A page that the back button's cache may keep: what holds a session is not stored.
PLAIN = "/static/site/icon.svg"


@contextmanager
def frozen(browser: Browser) -> Iterator[None]:
    """All tabs stand still, as on a phone that saves its battery; headless ones can't be hidden."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    tabs = [int(one["id"]) for one in processes if one["type"] == "renderer"]
    assert tabs
    for pid in tabs:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in tabs:
            os.kill(pid, signal.SIGCONT)


def test_frozen_tab_catches_up_also_with_a_server_that_was_replaced_meanwhile(
    tab: Page, browser: Browser, site: Site, publisher: Publisher
) -> None:
    topic = tab.evaluate(FOLLOW)
    publisher.publish(topic, 1)
    wait_until_heard(tab, [1])
    with frozen(browser):
        publisher.publish(topic, 2, 3)
    wait_until_heard(tab, [1, 2, 3])
    with frozen(browser):
        site.kill("web")
        publisher.publish(topic, 4, 5)
        services.until(lambda: services.answers(site.port), what="web server")
    wait_until_heard(tab, [1, 2, 3, 4, 5])
    wait_for_state(tab, "connected")


def test_reloaded_tab_goes_on_from_its_new_page(tab: Page, publisher: Publisher) -> None:
    topic = tab.evaluate(FOLLOW)
    publisher.publish(topic, 1, 2)
    wait_until_heard(tab, [1, 2])
    tab.reload()
    assert tab.evaluate(FOLLOW) == topic
    publisher.publish(topic, 3)
    wait_until_heard(tab, [3])


def as_it_was(page: Page) -> bool:
    """Whether the page has come out of the cache; no while the other one is being left."""
    try:
        return bool(page.evaluate("window.heard?.persisted"))
    except Error:
        return False


def test_page_from_the_back_buttons_cache_catches_up(site: Site, publisher: Publisher) -> None:
    with (
        launched(back_forward_cache=True) as browser,
        closing(browser.new_context(base_url=site.url)) as context,
    ):
        page = context.new_page()
        page.goto("/images/")
        topic = page.evaluate("document.querySelector('[data-topic]').dataset.topic")
        page.goto(PLAIN)
        page.evaluate(FOLLOW, {"named": topic})
        page.evaluate("addEventListener('pageshow', (e) => (heard.persisted = e.persisted))")
        publisher.publish(topic, 1)
        wait_until_heard(page, [1])

        page.goto(f"{PLAIN}?another")
        publisher.publish(topic, 2, 3)
        page.evaluate("history.back()")
        services.until(lambda: as_it_was(page), what="the page as it was")
        wait_until_heard(page, [1, 2, 3])
        states = [state for state, _ in page.evaluate("heard.states")]
        assert states == ["connected", "reconnecting", "connected"]
