"""The chat as somebody sees it: a browser of one's own, in a room."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, Locator, Page, expect

from tests import services
from tests.acceptance.site import Site, inherited
from tests.acceptance.talk import Talk

BOUND_SECONDS = 60.0

#: Publishes over a connection of its own, as anybody's script can; the answer or the error's code.
PUBLISH = """async ([topic, type, datas]) => {
  const { connect } = await import("/static/channels_celery/client.js");
  const connection = connect("/ws/");
  const done = await Promise.allSettled(datas.map((data) => connection.publish(topic, type, data)));
  connection.close();
  return done.map(({ reason }) => reason?.code ?? "ok");
}"""

#: What somebody hears who follows a topic from the start of what is kept.
REPLAY = """async (topic) => {
  const { connect } = await import("/static/channels_celery/client.js");
  const connection = connect("/ws/");
  const heard = [];
  const onEvent = ({ seq, type, data }) => seq && heard.push([type, data]);
  connection.subscribe(topic, { onEvent });
  await connection.publish(topic, "message", { id: crypto.randomUUID(), text: "the end" });
  while (heard.at(-1)?.[1]?.text !== "the end") await new Promise((later) => setTimeout(later, 20));
  connection.close();
  return heard.slice(0, -1);
}"""

#: Trims all of a topic's log.
TRIM = """
import sys, django
django.setup()
from django.db import connection
topic = sys.argv[1:]
with connection.cursor() as cursor:
    cursor.execute("DELETE FROM channels_celery_event WHERE topic = %s", topic)
    cursor.execute("UPDATE channels_celery_topic SET trimmed_to = seq WHERE name = %s", topic)
"""

#: Somebody has done so much of something that they have to wait, into the next window.
_TOO_MUCH = """
import sys, time, django
django.setup()
from realtime import pace
from {} as too_much
now = time.time()
for moment in (now, now + too_much.seconds):
    pace.time = lambda: moment
    while not too_much.take(sys.argv[1]):
        pass
"""
TOO_FAST = _TOO_MUCH.format("realtime.chat.posting import PACE")
TOO_MANY_GUESSES = _TOO_MUCH.format("config.paced import NAME")

#: Nobody has done anything yet, as far as it is counted.
FORGET = """
import django
django.setup()
from django.core.cache import cache
cache.clear()
"""

#: Takes a room away, and gives it back.
CLOSE = """
import sys, django
django.setup()
from realtime.chat.models import Room
Room.objects.get(pk=sys.argv[1]).delete()
"""
OPEN = """
import sys, django
django.setup()
from realtime.chat.models import Room
Room.objects.create(pk=sys.argv[1], name=sys.argv[1])
"""


class Person:
    """Somebody with a browser, in a room; what their page throws fails the test."""

    def __init__(self, browser: Browser, site: Site, **browsing: Any) -> None:
        self.context = browser.new_context(base_url=site.url, **browsing)
        self.errors: list[str] = []
        #: Who is at the same party.
        self.company = [self]
        self.page = self.tab()
        self.talk = Talk(self.page)

    def tab(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page

    def enter(self, room: str) -> None:
        self.page.goto(f"/chat/{room}/")
        self.live()
        self.page.evaluate("window.notReloaded = true")

    def live(self) -> None:
        expect(self.page.locator("#connection")).to_have_attribute(
            "data-state", "connected", timeout=BOUND_SECONDS * 1000
        )

    @property
    def messages(self) -> Locator:
        return self.page.locator('[data-part="message"]')

    @property
    def newest(self) -> Locator:
        return self.messages.last

    def say(self, *texts: str) -> None:
        for text in texts:
            self.page.fill("#text", text)
            self.page.press("#text", "Enter")

    def texts(self) -> list[str]:
        return self.page.locator('[data-part="text"]').all_inner_texts()

    def states(self) -> list[str | None]:
        return [message.get_attribute("data-state") for message in self.messages.all()]

    def sees(self, texts: list[str]) -> None:
        """Wait until the room shows these and no others, in this order, all sent."""
        services.until(
            lambda: self.texts() == texts and set(self.states()) <= {"sent"},
            seconds=BOUND_SECONDS,
            what=lambda: "\n".join([str(texts), *(one.story() for one in self.company)]),
        )

    def story(self) -> str:
        """What the page shows, and what its connection said last."""
        connection = self.page.locator("#connection").get_attribute("data-state")
        alert = self.page.locator("#alert").inner_text()
        return (
            f"{self.name()}, {connection}, sees {self.texts()} in the states {self.states()}, "
            f"alert {alert!r}, errors {self.errors}; the last frames:\n{self.talk}"
        )

    def visitor(self) -> str:
        return self.page.locator("#room").get_attribute("data-visitor") or ""

    def name(self) -> str:
        return self.page.locator(".who bdi").inner_text()

    def publish(self, topic: str, type: str, *datas: Any) -> list[str]:
        done: list[str] = self.page.evaluate(PUBLISH, [topic, type, list(datas)])
        return done

    def reconnect(self) -> None:
        """Lose the connection and come back, as whoever the browser's cookies say."""
        self.context.set_offline(True)
        expect(self.page.locator("#connection")).to_have_attribute("data-state", "offline")
        self.context.set_offline(False)
        self.live()

    def tab_to(self, selector: str) -> None:
        """Press Tab until this element has the focus."""
        for _ in range(40):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("it => document.activeElement.matches(it)", selector):
                return
        raise AssertionError(f"Tab does not lead to {selector}")

    def focused(self) -> str:
        """What has the focus, as somebody hears it."""
        said: str = self.page.evaluate(
            "document.activeElement.ariaLabel ?? document.activeElement.innerText"
        )
        return said

    def was_not_reloaded(self) -> bool:
        return self.page.evaluate("window.notReloaded") is True

    def top_line(self) -> tuple[str, float]:
        """The first message in sight and where it stands."""
        found: list[Any] = self.page.evaluate(
            """() => {
              const { top } = document.querySelector("#scroller").getBoundingClientRect();
              for (const message of document.querySelectorAll('[data-part="message"]')) {
                const box = message.getBoundingClientRect();
                if (box.bottom > top) return [message.dataset.id, box.top];
              }
            }"""
        )
        return found[0], found[1]

    def scroll_up(self) -> None:
        """As far as what is loaded goes."""
        self.page.locator("#scroller").evaluate("it => { it.scrollTop = -it.scrollHeight }")

    def sign_up(self, name: str) -> None:
        """Make an account of this name, from the page that is open, and come back to it."""
        here = self.page.url
        self.page.get_by_role("link", name="Sign in").click()
        self.page.get_by_role("main").get_by_role("link", name="Sign up").click()
        self.page.fill("#id_username", name)
        for field in ("#id_password1", "#id_password2"):
            self.page.fill(field, "not too common 7")
        self.page.press("#id_password2", "Enter")
        self.page.wait_for_url(here)
        self.live()


def numbered(count: int) -> list[dict[str, str]]:
    """So many messages: No. 1, No. 2 …"""
    return [{"id": str(uuid4()), "text": f"No. {number}"} for number in range(1, count + 1)]


class Party(ExitStack):
    """People who are there until the end of a test, which none of their pages has spoilt."""

    def __init__(self, browser: Browser, site: Site) -> None:
        super().__init__()
        self._site = site
        self._people: list[Person] = []
        self._new: Callable[..., Person] = lambda **browsing: Person(browser, site, **browsing)

    def guest(self, room: str | None = None, **browsing: Any) -> Person:
        person = self._new(**browsing)
        self._people.append(person)
        person.company = self._people
        self.callback(self._leave, person)
        if room is not None:
            person.enter(room)
        return person

    def open_room(self) -> str:
        """A room that nobody else knows, and that nobody has followed; its name."""
        name = f"room-{uuid4().hex[:8]}"
        self._site.submit("/chat/", name=name)
        return name

    def _leave(self, person: Person) -> None:
        self._people.remove(person)
        person.context.close()
        assert person.errors == []


def run(site: Site, program: str, *arguments: str) -> str:
    """What a program prints in the site's place, in a process besides web and worker."""
    own = {"DEBUG": "1", "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=site.code,
        env={**inherited(), **own, "VAR_DIR": str(site.var_dir)},
        check=True,
        timeout=BOUND_SECONDS,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout
