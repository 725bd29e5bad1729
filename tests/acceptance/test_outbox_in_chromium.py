"""What somebody publishes while the server is out of reach: kept over a reload, sent once."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect

from tests import services
from tests.acceptance.chatting import BOUND_SECONDS, Party, Person
from tests.acceptance.site import Site

#: What the tab keeps beside the pages.
KEPT = "Object.keys(sessionStorage).filter((key) => key.startsWith('channels_celery.outbox '))"


class Link:
    """A tab's websockets, of which the test decides what gets through; pages load as ever."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._open: list[WebSocketRoute] = []
        self._is_cut = False
        #: Lose what would tell the page that the server has its messages.
        self.is_deaf = False
        person.page.route_web_socket("**/ws/", self._relay)

    def _relay(self, page: WebSocketRoute) -> None:
        if self._is_cut:
            page.close(code=1011)
            return
        server = page.connect_to_server()
        self._open.append(page)

        def hear(message: str | bytes) -> None:
            if not (self.is_deaf and json.loads(message)["op"] in {"ok", "event", "events"}):
                page.send(message)

        server.on_message(hear)

    def cut(self) -> None:
        self._is_cut = True
        while self._open:
            self._open.pop().close(code=1011)
        dot = self._person.page.locator("#connection")
        expect(dot).not_to_have_attribute("data-state", "connected")

    def mend(self) -> None:
        self._is_cut = False
        self._person.page.evaluate("dispatchEvent(new Event('online'))")
        self._person.live()


@pytest.fixture
def party(browser: Browser, site: Site) -> Iterator[Party]:
    with Party(browser, site) as party:
        yield party


def kept(person: Person) -> int:
    return len(person.page.evaluate(KEPT))


def until_nothing_is_kept(person: Person) -> None:
    services.until(lambda: kept(person) == 0, seconds=BOUND_SECONDS, what="an empty outbox")


def linked(party: Party, room: str) -> tuple[Person, Link]:
    person = party.guest()
    link = Link(person)
    person.enter(room)
    return person, link


def test_messages_typed_offline_survive_a_reload_and_arrive_once_in_order(party: Party) -> None:
    room = party.open_room()
    (ann, link), bob = linked(party, room), party.guest(room)
    ann.say("One")
    bob.sees(["One"])

    link.cut()
    ann.context.set_offline(True)
    ann.say("Two", "Three", "Four")
    ann.context.set_offline(False)
    ann.page.reload()
    services.until(
        lambda: ann.states() == ["sent", "sending", "sending", "sending"],
        what="a page that shows what waits",
    )
    assert ann.texts() == ["One", "Two", "Three", "Four"]
    bob.say("meanwhile")
    bob.sees(["One", "meanwhile"])

    link.mend()
    everything = ["One", "meanwhile", "Two", "Three", "Four"]
    bob.sees(everything)
    until_nothing_is_kept(ann)
    ann.page.reload()
    ann.live()
    ann.sees(everything)


def test_another_page_of_the_site_sends_what_waits(party: Party) -> None:
    room = party.open_room()
    (ann, link), bob = linked(party, room), party.guest(room)
    link.cut()
    ann.say("One", "Two")
    ann.page.goto("/images/")
    assert kept(ann) == 2
    link.mend()
    bob.sees(["One", "Two"])
    until_nothing_is_kept(ann)


def test_message_whose_answer_was_lost_counts_once_after_a_reload(party: Party) -> None:
    room = party.open_room()
    (ann, link), bob = linked(party, room), party.guest(room)
    link.is_deaf = True
    ann.say("One", "Two")
    bob.sees(["One"])
    assert kept(ann) == 2

    link.is_deaf = False
    ann.page.reload()
    bob.sees(["One", "Two"])
    ann.sees(["One", "Two"])
    until_nothing_is_kept(ann)


def test_what_one_visitor_typed_waits_for_them_and_never_goes_as_another(
    party: Party, site: Site
) -> None:
    room = party.open_room()
    (ann, link), bob = linked(party, room), party.guest(room)
    address, name = ann.page.url, ann.name()
    cookies = [(it["name"], it["value"]) for it in ann.context.cookies()]
    link.cut()
    ann.say("from Ann")

    ann.page.goto("about:blank")
    ann.context.clear_cookies()
    ann.page.goto(address)
    link.mend()
    assert ann.name() != name
    ann.say("from somebody else")
    bob.sees(["from somebody else"])
    ann.sees(["from somebody else"])
    assert kept(ann) == 1

    ann.page.goto("about:blank")
    ann.context.add_cookies([{"name": key, "value": it, "url": site.url} for key, it in cookies])
    ann.enter(room)
    assert ann.name() == name
    bob.sees(["from somebody else", "from Ann"])
    until_nothing_is_kept(ann)
