"""A page that follows a topic through the public client, and somebody who publishes on it."""

from __future__ import annotations

import os
import subprocess
import sys

from playwright.sync_api import Page

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

#: Follows the topic that the page was rendered with, or one that is named, and keeps what it hears.
FOLLOW = """
async (options) => {
  const { named, streams } = options ?? {};
  const { connect, positionOf } = await import("/static/channels_celery/client.js");
  const { eventStream } = await import("/static/channels_celery/sse.js");
  const marker = document.querySelector("[data-topic]");
  const topic = named ?? marker.dataset.topic;
  window.heard = { numbers: [], gaps: 0, states: [] };
  window.live = connect("/ws/", { fallback: streams && eventStream("/events/") });
  live.on("state", (state, why) => heard.states.push([state, why?.code ?? 0]));
  live.subscribe(topic, {
    since: marker ? positionOf(marker) : undefined,
    onEvent: ({ type, data }) => type === "note" && heard.numbers.push(data.n),
    onGap: () => heard.gaps++,
  });
  return topic;
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
