"""Event streams in a browser: where websockets are blocked, and for a page of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.acceptance.following import FOLLOW, Publisher, wait_for_state, wait_until_heard
from tests.acceptance.gallery import Gallery, photos
from tests.acceptance.site import Site

#: What a page may write that loads no client.
PLAIN = """
async () => {
  const { topic, epoch, seq, mid } = document.querySelector("[data-topic]").dataset;
  window.heard = { numbers: [], gaps: 0 };
  const source = new EventSource(`/events/${topic}/?since=${epoch}-${seq}-${mid}`);
  source.addEventListener("gap", () => heard.gaps++);
  source.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.type === "note") heard.numbers.push(event.data.n);
  };
  await new Promise((resolve) => (source.onopen = resolve));
  return topic;
}
"""


@pytest.mark.parametrize("plain", [True, False], ids=["EventSource", "fall-back"])
def test_page_follows_by_an_event_stream_over_a_replaced_server(
    tab: Page, site: Site, publisher: Publisher, plain: bool
) -> None:
    tab.route_web_socket("**/ws/", lambda socket: socket.close(code=1011))
    topic = tab.evaluate(PLAIN) if plain else tab.evaluate(FOLLOW, {"streams": True})
    if not plain:
        wait_for_state(tab, "connected")
    publisher.publish(topic, 1, 2, 3)
    wait_until_heard(tab, [1, 2, 3])
    site.kill("web")
    publisher.publish(topic, 4, 5)
    wait_until_heard(tab, [1, 2, 3, 4, 5])
    publisher.publish(topic, 6)
    wait_until_heard(tab, [1, 2, 3, 4, 5, 6])


def test_thumbnails_arrive_where_websockets_are_blocked(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    with browser.new_context(base_url=site.url) as context:
        context.route_web_socket("**/ws/", lambda socket: socket.close(code=1011))
        gallery = Gallery(context, site.url)
        gallery.upload(*photos(tmp_path, 1))
        gallery.thumbnails(1)
        assert gallery.was_not_reloaded()
