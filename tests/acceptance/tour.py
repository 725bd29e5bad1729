"""Every page of the site in every state that a person comes to see, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, expect

from tests.acceptance.chatting import TOO_FAST, TOO_MANY_GUESSES, Person, run
from tests.acceptance.scenes import errors, images, without_scripts
from tests.acceptance.site import Site
from tests.acceptance.waits import away, live

PHONE, DESK = 360, 1280
HEIGHT = 800


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody looks at a page."""

    scheme: Literal["light", "dark"]
    width: int

    def at(self, page: Page) -> None:
        page.emulate_media(color_scheme=self.scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": self.width, "height": HEIGHT})


_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LOOKS = tuple(Look(scheme, width) for width in (PHONE, DESK) for scheme in _SCHEMES)

Stops = Iterator[tuple[str, Page]]


def tour(browser: Browser, site: Site, folder: Path) -> Stops:
    """Names each state and gives the tab that shows it; `folder` is for the photos."""
    for part in PARTS:
        yield from part(browser, site, folder)


def the_frame(browser: Browser, site: Site, folder: Path) -> Stops:
    with browser.new_context(base_url=site.url, reduced_motion="reduce") as context:
        yield from _start_and_accounts(context.new_page(), site)
        yield from _echo(context.new_page())
        yield from errors(context.new_page(), site)


def the_images(browser: Browser, site: Site, folder: Path) -> Stops:
    with browser.new_context(base_url=site.url, reduced_motion="reduce") as context:
        yield from images(context, site, folder)
    with browser.new_context(base_url=site.url, java_script_enabled=False) as context:
        yield from without_scripts(context.new_page(), folder)


def the_chat(browser: Browser, site: Site, folder: Path) -> Stops:
    ann, bob = Person(browser, site), Person(browser, site)
    yield from _chat(ann, bob, site)
    ann.context.close()
    bob.context.close()


#: Each can be seen without the others.
PARTS = (the_frame, the_images, the_chat)


def sign_up(page: Page, name: str, *, again: str = "a fine password") -> None:
    """Fill and send the form for a new account; with another password `again` it is refused."""
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password", exact=True).fill("a fine password")
    page.get_by_label("Password confirmation").fill(again)
    page.get_by_role("button", name="Sign up").click()


def _start_and_accounts(page: Page, site: Site) -> Stops:
    page.goto("/")
    live(page)
    yield "start", page
    page.goto("/accounts/login/")
    live(page)
    yield "login", page
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").filter(has_text="correct username")).to_be_visible()
    yield "login-refused", page
    run(site, TOO_MANY_GUESSES, "127.0.0.1 nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").filter(has_text="Try again in")).to_be_visible()
    yield "login-too-often", page
    page.goto("/accounts/signup/")
    live(page)
    yield "signup", page
    sign_up(page, "nobody", again="another password")
    expect(page.get_by_text("didn’t match")).to_be_visible()
    yield "signup-refused", page
    page.locator('main [name="csrfmiddlewaretoken"]').evaluate("it => it.remove()")
    sign_up(page, "nobody")
    expect(page.get_by_role("heading", name="That was not done")).to_be_visible()
    yield "stale-form", page


def _echo(page: Page) -> Stops:
    page.goto("/echo/")
    live(page)
    yield "echo-empty", page
    page.get_by_label("Text").last.fill("Hello")
    page.keyboard.press("Enter")
    page.get_by_label("Binary").check()
    page.locator("#frame").fill("00 ff 68")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 came back")).to_be_visible()
    yield "echo", page
    with away(page):
        page.locator("#frame").fill("0")
        page.keyboard.press("Enter")
        expect(page.locator("#alert")).not_to_be_empty()
        yield "echo-offline", page


def _chat(ann: Person, bob: Person, site: Site) -> Stops:
    page = ann.page
    page.emulate_media(reduced_motion="reduce")
    page.goto("/accounts/signup/?next=/chat/")
    sign_up(page, "ann")
    page.wait_for_url("**/chat/")
    ann.live()
    yield "chat", page
    page.fill("#name", "A walk in the hills")
    page.get_by_role("button", name="Open").click()
    ann.live()
    yield "chat-room-empty", page
    room = page.url.split("/")[-2]
    bob.enter(room)
    bob.say("Is anybody here?", "I have looked for this room everywhere. " * 4)
    ann.say("I am", "شكرا: a line in two directions", "Wait", "Edit me not")
    expect(ann.messages).to_have_count(6)
    expect(page.locator('[data-state="sent"]')).to_have_count(6)
    yield "chat-room", page
    Look("light", PHONE).at(page)
    page.get_by_role("button", name="Rooms").click()
    yield "chat-rooms", page
    page.keyboard.press("Escape")
    ann.newest.focus()
    ann.newest.get_by_role("button", name="Delete").click()
    yield "chat-delete", page
    page.get_by_role("button", name="Delete").last.click()
    expect(ann.newest).to_contain_text("Message deleted")
    yield from _writing(ann, bob, site)


def _writing(ann: Person, bob: Person, site: Site) -> Stops:
    page = ann.page
    with away(page):
        ann.say("Kept until I am back")
        yield "chat-offline", page
    expect(page.locator('[data-state="sending"]')).to_have_count(0)
    page.press("#text", "ArrowUp")
    yield "chat-edit", page
    page.keyboard.press("Escape")
    bob.page.type("#text", "Wait")
    expect(page.locator("#typing")).not_to_be_empty()
    yield "chat-typing", page
    bob.say("You have\n\n" * 20 + "to scroll")
    expect(page.locator('[data-part="message"]')).to_have_count(8)
    ann.scroll_up()
    bob.say("Something new")
    expect(page.locator("#pill")).to_have_text("1 new message")
    yield "chat-new", page
    page.locator("#pill").click()
    run(site, TOO_FAST, ann.visitor())
    ann.say("One too many")
    expect(ann.newest).to_have_attribute("data-state", "failed")
    yield "chat-refused", page
    page.goto("/chat/nobody-was-here/")
    ann.live()
    yield "chat-no-room", page
    page.get_by_label("Open a room").evaluate("it => it.removeAttribute('maxlength')")
    page.fill("#name", "A name that is longer than any room can have " * 3)
    page.get_by_role("button", name="Open").click()
    expect(page.locator("#name-problem")).to_be_visible()
    yield "chat-room-refused", page
