"""The frame of every page: who one is, where one can go, and whether the server can be reached."""

from __future__ import annotations

import os
import re
import signal
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

from playwright.sync_api import Browser, Page, Route, expect

from tests import services
from tests.acceptance.chatting import Party
from tests.acceptance.gallery import Gallery, photos
from tests.acceptance.site import Site
from tests.acceptance.tour import sign_up
from tests.acceptance.waits import away, live

LONG = "Kept in the field. " * 80
PLACES = """() => {
  const all = [...document.querySelectorAll("main *:not(#lost)")];
  return all.map((it) => it.getBoundingClientRect().top);
}"""


def name() -> str:
    return f"user-{uuid4().hex[:8]}"


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until this has the focus, which has to be seen at every step."""
    for _ in range(30):
        page.keyboard.press("Tab")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(f"document.activeElement === document.body || {outline} !== 'none'")
        if page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def follow(page: Page, selector: str, url: str) -> None:
    tab_to(page, selector)
    page.keyboard.press("Enter")
    page.wait_for_url(url)


def test_the_site_can_be_used_by_keyboard_alone(page: Page) -> None:
    keys, user = page.keyboard, name()
    page.goto("/")
    keys.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    keys.press("Enter")
    keys.press("Tab")
    expect(page.get_by_role("link", name="Upload and watch")).to_be_focused()
    page.reload()
    follow(page, '.who a[href^="/accounts/login"]', "**/accounts/login/**")
    follow(page, 'main a[href^="/accounts/signup"]', "**/accounts/signup/**")
    expect(page.get_by_label("Username")).to_be_focused()
    for text in (user, "a fine password", "a fine password"):
        keys.type(text)
        keys.press("Tab")
    keys.press("Enter")
    expect(page.locator(".who bdi")).to_have_text(user)
    follow(page, 'nav a[href="/echo/"]', "**/echo/")
    live(page)
    tab_to(page, "#frame")
    keys.type("Hello")
    keys.press("Enter")
    expect(page.locator('[data-way="received"] .content')).to_have_text("Hello")
    page.reload()
    tab_to(page, ".who button")
    keys.press("Enter")
    expect(page.locator(".who bdi")).to_have_text("Guest")
    assert page.url.endswith("/")


def test_sign_up_keeps_what_was_the_guests(
    browser: Browser, site: Site, party: Party, room: str, tmp_path: Path
) -> None:
    user, guest = name(), party.guest(room)
    guest.say("Written as a guest")
    guest.sees(["Written as a guest"])
    tab = Gallery(guest.context, site.url)
    tab.upload(*photos(tmp_path, 1))
    tab.thumbnails(1)
    tab.page.get_by_role("link", name="Sign in").click()
    tab.page.get_by_role("main").get_by_role("link", name="Sign up").click()
    sign_up(tab.page, user)
    # Where one came from, as the account, with what was the guest's.
    tab.page.wait_for_url("**/images/")
    expect(tab.page.locator(".who bdi")).to_have_text(user)
    tab.thumbnails(1)
    guest.enter(room)
    expect(guest.newest).to_have_attribute("data-own", "")
    tab.page.get_by_role("button", name="Sign out").click()
    tab.page.wait_for_url(f"{site.url}/")
    tab.page.goto("/images/")
    expect(tab.page.get_by_text("No images yet.")).to_be_visible()
    # Another browser signs in and has them too.
    with browser.new_context(base_url=site.url) as context:
        other = context.new_page()
        other.goto("/accounts/login/?next=/images/")
        other.get_by_label("Username").fill(user)
        other.get_by_label("Password").fill("a fine password")
        other.get_by_role("button", name="Sign in").click()
        expect(other.locator('[data-state="succeeded"]')).to_have_count(1)


def test_upload_sign_up_and_reading_work_without_scripts(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    user = name()
    with browser.new_context(base_url=site.url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/images/")
        page.set_input_files("#files", photos(tmp_path, 1))
        page.get_by_role("button", name="Upload").click()
        expect(page.get_by_text("photo-1.jpg")).to_be_visible()
        page.get_by_role("link", name="Sign in").click()
        page.get_by_role("main").get_by_role("link", name="Sign up").click()
        sign_up(page, user)
        expect(page.locator(".who bdi")).to_have_text(user)
        expect(page.get_by_text("photo-1.jpg")).to_be_visible()
        page.get_by_role("link", name="Chat").click()
        expect(page.get_by_role("link", name="Lobby")).to_be_visible()
        page.get_by_role("link", name="Echo").click()
        expect(page.locator("noscript p")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.locator(".who bdi")).to_have_text("Guest")
        expect(page.locator("#connection")).to_be_hidden()


def test_a_lost_connection_is_told_after_2_s_and_until_it_is_back(party: Party) -> None:
    guest = party.guest()
    pages = {path: guest.tab() for path in ("/", "/images/", "/chat/lobby/", "/echo/")}
    for path, page in pages.items():
        page.goto(path)
        live(page)
    before = {path: page.evaluate(PLACES) for path, page in pages.items()}
    guest.context.set_offline(True)
    for page in pages.values():
        expect(page.locator("#connection-word")).to_have_text("offline")
    # At once in the header only: a shorter absence is nobody's business.
    assert page.locator("#lost").is_hidden()
    with ExitStack() as stack:
        for page in pages.values():
            stack.enter_context(away(page))
            expect(page.locator("#lost")).to_contain_text("You are offline.")
        # What somebody reads does not move.
        assert pages["/images/"].evaluate(PLACES) == before["/images/"]
        assert pages["/chat/lobby/"].evaluate(PLACES) == before["/chat/lobby/"]
    for page in pages.values():
        expect(page.locator("#connection-word")).to_have_text("connected")


def test_signed_in_or_out_elsewhere_a_page_becomes_the_others(party: Party, tmp_path: Path) -> None:
    guest = party.guest()
    images, chat, start, third = guest.page, guest.tab(), guest.tab(), guest.tab()
    images.goto("/images/")
    chat.goto("/chat/lobby/")
    start.goto("/")
    for page in (images, chat, start):
        live(page)
    images.set_input_files("#files", photos(tmp_path, 1))
    expect(images.locator('[data-state="succeeded"]')).to_have_count(1, timeout=30_000)
    third.goto("/accounts/signup/")
    user = name()
    sign_up(third, user)
    for page in (images, chat, start):
        expect(page.locator(".who bdi")).to_have_text(user, timeout=20_000)
    expect(images.locator('[data-state="succeeded"]')).to_have_count(1)
    third.get_by_role("button", name="Sign out").click()
    for page in (images, chat, start):
        expect(page.locator(".who bdi")).to_have_text(re.compile("^Guest"), timeout=20_000)
    expect(images.get_by_text("No images yet.")).to_be_visible()


def test_who_leaves_a_page_arrives_though_it_becomes_anothers_meanwhile(party: Party) -> None:
    guest = party.guest()
    page, other = guest.page, guest.tab()
    page.clock.install()
    other.goto("/accounts/login/")
    held: list[Route] = []
    page.route("**/echo/", lambda route: held.append(route))

    def leave() -> None:
        """On the way to another page, this one hears that it is somebody else's."""
        page.goto("/")
        live(page)
        page.evaluate("addEventListener('storage', () => (localStorage.heard = 1))")
        page.get_by_role("navigation").get_by_role("link", name="Echo").click(no_wait_after=True)
        # The tab itself does not answer before the other page has come.
        services.until(lambda: other.evaluate("true") and held, what="way to the other page")
        other.evaluate("localStorage.setItem('site.visitor', 'somebody else')")
        services.until(lambda: other.evaluate("localStorage.heard"), what="word of somebody else")
        other.evaluate("localStorage.removeItem('heard')")

    leave()
    held.pop().continue_()
    page.wait_for_url("**/echo/")

    leave()
    # No page came, as with a download: whoever stays gets the page of the other in the end.
    held.pop().fulfill(status=204)
    page.evaluate("window.notReloaded = true")
    page.clock.fast_forward(10_000)
    page.wait_for_function("!window.notReloaded")
    live(page)


def test_echo_says_what_was_lost_and_what_was_not_sent(party: Party, site: Site) -> None:
    page = party.guest().page
    page.goto("/echo/")
    live(page)
    for _ in range(2):
        page.locator("#frame").fill("Hello")
        page.keyboard.press("Enter")
    expect(page.locator("#figures")).to_contain_text("2 sent, 2 came back. Round trip: last")
    web = site.pid("web")
    os.kill(web, signal.SIGSTOP)
    try:
        page.locator("#frame").fill("Is anybody there?")
        page.keyboard.press("Enter")
        expect(page.locator('[data-state="waiting"]')).to_contain_text("on its way")
        page.context.set_offline(True)
        expect(page.locator('[data-state="lost"]')).to_contain_text("lost with the connection")
        page.locator("#frame").fill(LONG)
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").last).to_contain_text("Not sent")
    finally:
        os.kill(web, signal.SIGCONT)
    page.context.set_offline(False)
    live(page)
    page.keyboard.press("Enter")
    expect(page.locator(".content").last).to_have_text(LONG.strip())
    expect(page.locator("#figures")).to_contain_text("4 sent, 3 came back, 1 lost")
    # The log follows what comes.
    left = "it => it.scrollHeight - it.scrollTop - it.clientHeight"
    assert page.locator("#log").evaluate(left) < 1


def test_accounts_send_nobody_to_another_site(page: Page) -> None:
    user = name()
    elsewhere = urlencode({"next": "//evil.example/images/"})
    page.goto(f"/accounts/signup/?{elsewhere}")
    sign_up(page, user)
    expect(page.locator(".who bdi")).to_have_text(user)
    assert page.evaluate("location.pathname") == "/"
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator(".who bdi")).to_have_text("Guest")
    page.goto(f"/accounts/login/?{elsewhere}")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill("a fine password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".who bdi")).to_have_text(user)
    assert page.evaluate("location.pathname") == "/"
    # Nor does another site sign anybody in or out.
    for path in ("login", "logout", "signup"):
        answer = page.request.post(
            f"/accounts/{path}/", form={"username": "u"}, headers={"Origin": "http://evil.example"}
        )
        assert answer.status == 403
    assert page.request.get("/accounts/logout/").status == 405
