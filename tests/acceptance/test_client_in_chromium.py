from __future__ import annotations

import signal

import pytest
from playwright.sync_api import Page

from tests.acceptance.following import FOLLOW, Publisher, wait_for_state, wait_until_heard
from tests.acceptance.site import Site


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_page_misses_nothing_while_the_web_server_is_replaced(
    tab: Page, site: Site, publisher: Publisher, end: signal.Signals
) -> None:
    topic = tab.evaluate(FOLLOW)
    publisher.publish(topic, 1, 2, 3)
    wait_until_heard(tab, [1, 2, 3])

    site.kill("web", end)
    publisher.publish(topic, 4, 5, 6)
    wait_until_heard(tab, [1, 2, 3, 4, 5, 6])
    publisher.publish(topic, 7)
    wait_until_heard(tab, [1, 2, 3, 4, 5, 6, 7])

    states = tab.evaluate("heard.states")
    # 4000 is the server's own bye; a killed one says nothing.
    expected = 4000 if end == signal.SIGTERM else 1006
    assert [state for state, _ in states] == ["connected", "reconnecting", "connected"]
    assert states[1][1] == expected


def test_page_says_that_it_is_offline_and_catches_up_when_it_is_back(
    tab: Page, publisher: Publisher
) -> None:
    topic = tab.evaluate(FOLLOW)
    publisher.publish(topic, 1)
    wait_until_heard(tab, [1])

    tab.context.set_offline(True)
    wait_for_state(tab, "offline")
    publisher.publish(topic, 2, 3)
    assert tab.evaluate("heard.numbers") == [1]

    tab.context.set_offline(False)
    wait_until_heard(tab, [1, 2, 3])
    wait_for_state(tab, "connected")


def test_tab_that_opens_late_follows_from_its_own_page(
    tab: Page, site: Site, publisher: Publisher
) -> None:
    topic = tab.evaluate(FOLLOW)
    publisher.publish(topic, 1, 2)
    wait_until_heard(tab, [1, 2])

    second = tab.context.new_page()
    second.goto("/images/")
    assert second.evaluate(FOLLOW) == topic
    publisher.publish(topic, 3)

    wait_until_heard(tab, [1, 2, 3])
    wait_until_heard(second, [3])
