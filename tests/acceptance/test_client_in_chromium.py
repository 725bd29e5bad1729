from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page

from tests import services
from tests.acceptance.site import SITE_VARIABLES, Site

#: Publishes one durable event for each line that it reads: a process besides web and worker.
PUBLISH = """
import sys, django
django.setup()
from channels_celery import topics
for line in sys.stdin:
    topic, number = line.split()
    topics.publish(topic, "note", {"n": int(number)})
    print(number, flush=True)
"""

#: Follows the topic that the page was rendered with, and keeps what it hears.
FOLLOW = """
async () => {
  const { connect, positionOf } = await import("/static/channels_celery/client.js");
  const marker = document.querySelector("[data-topic]");
  window.heard = { numbers: [], gaps: 0, states: [] };
  window.live = connect("/ws/");
  live.on("state", (state, why) => heard.states.push([state, why?.code ?? 0]));
  live.subscribe(marker.dataset.topic, {
    since: positionOf(marker),
    onEvent: ({ type, data }) => type === "note" && heard.numbers.push(data.n),
    onGap: () => heard.gaps++,
  });
  return marker.dataset.topic;
}
"""


class Publisher:
    """Publishes from a process of its own, so also while the web server is dead."""

    def __init__(self, site: Site) -> None:
        inherited = {key: value for key, value in os.environ.items() if key not in SITE_VARIABLES}
        own = {"DEBUG": "1", "DJANGO_SETTINGS_MODULE": "config.settings"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", PUBLISH],
            cwd=site.code,
            env={**inherited, **own, "VAR_DIR": str(site.var_dir)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def publish(self, topic: str, *numbers: int) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        for number in numbers:
            self._process.stdin.write(f"{topic} {number}\n")
            self._process.stdin.flush()
            assert self._process.stdout.readline() == f"{number}\n"

    def close(self) -> None:
        self._process.communicate(timeout=30)


@pytest.fixture
def publisher(site: Site) -> Iterator[Publisher]:
    with closing(Publisher(site)) as publisher:
        yield publisher


@pytest.fixture
def tab(browser: Browser, site: Site) -> Iterator[Page]:
    """A tab whose console may complain that the server is away."""
    with closing(browser.new_context(base_url=site.url)) as context:
        page = context.new_page()
        page.goto("/images/")
        yield page


def wait_until_heard(tab: Page, numbers: list[int]) -> None:
    """Exactly these, in this order, each once."""
    services.until(
        lambda: len(tab.evaluate("heard.numbers")) >= len(numbers),
        seconds=60,
        what=f"{len(numbers)} events in the page",
    )
    assert tab.evaluate("heard.numbers") == numbers
    assert tab.evaluate("heard.gaps") == 0


def wait_for_state(tab: Page, state: str) -> None:
    services.until(lambda: tab.evaluate("live.state") == state, seconds=60, what=f"state {state!r}")


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
