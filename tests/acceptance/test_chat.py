from __future__ import annotations

import signal
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect

from tests import services
from tests.acceptance.chatting import CLOSE, OPEN, REPLAY, Party, run
from tests.acceptance.site import Site, running


@pytest.mark.proof
def test_all_see_the_same_although_one_was_offline_and_the_server_died(
    browser: Browser, site_folder: Path
) -> None:
    with running(site_folder) as site, Party(browser, site) as party:
        ann, bob, guest = (party.guest("lobby") for _ in range(3))
        ann.sign_up("ann")
        bob.sign_up("bob")
        # Two who write at once have no order of their own: each waits for the other.
        ann.say("One")
        bob.sees(["One"])
        bob.say("Two")
        guest.sees(["One", "Two"])

        bob.context.set_offline(True)
        bob.say("Five", "Six")
        expect(bob.newest).to_have_attribute("data-state", "sending")
        ann.say("Three")
        guest.sees(["One", "Two", "Three"])
        guest.say("Four")
        ann.sees(["One", "Two", "Three", "Four"])
        bob.context.set_offline(False)
        everything = ["One", "Two", "Three", "Four", "Five", "Six"]
        ann.sees(everything)

        site.kill("web", signal.SIGKILL)
        guest.say("Seven")
        site.kill("redis", signal.SIGKILL)
        ann.live()
        guest.live()
        guest.sees([*everything, "Seven"])
        ann.say("Eight")
        for person in (ann, bob, guest):
            person.sees([*everything, "Seven", "Eight"])
        names = guest.page.locator('[data-part="message"] [data-part="name"]')
        expected = ["ann", "bob", "ann", "You", "bob", "bob", "You", "ann"]
        assert names.all_text_contents() == expected


def test_a_message_is_pale_until_the_server_has_it(party: Party, room: str) -> None:
    ann = party.guest(room)
    ann.context.set_offline(True)
    ann.say("On the train")
    expect(ann.newest).to_have_attribute("data-state", "sending")
    ann.context.set_offline(False)
    expect(ann.newest).to_have_attribute("data-state", "sent")
    ann.sees(["On the train"])
    assert ann.was_not_reloaded()


def test_a_message_that_was_refused_says_so_and_can_be_sent_again(
    party: Party, room: str, site: Site
) -> None:
    ann, bob = party.guest(room), party.guest(room)
    run(site, CLOSE, room)
    ann.say("Is it open?")
    expect(ann.newest).to_have_attribute("data-state", "failed")
    expect(ann.newest).to_contain_text("Not sent")
    assert bob.texts() == []
    run(site, OPEN, room)
    ann.newest.get_by_role("button", name="Send again").click()
    ann.sees(["Is it open?"])
    bob.sees(["Is it open?"])


def test_a_message_that_was_refused_can_be_given_up(party: Party, room: str, site: Site) -> None:
    ann = party.guest(room)
    run(site, CLOSE, room)
    ann.say("Is it open?")
    ann.newest.get_by_role("button", name="Discard").click()
    assert ann.texts() == []
    expect(ann.page.get_by_text("Nobody has written here yet.")).to_be_visible()


def test_what_is_on_its_way_outlives_a_reload(party: Party, room: str) -> None:
    ann, bob = party.guest(), party.guest(room)
    held = [True]

    def connect(socket: WebSocketRoute) -> None:
        """One that opens, and on which nothing comes while it is held."""
        if not held:
            socket.connect_to_server()

    ann.page.route_web_socket("**/ws/", connect)
    ann.page.goto(f"/chat/{room}/")
    ann.say("One", "Two")
    ann.page.reload()
    assert list(zip(ann.texts(), ann.states(), strict=True)) == [
        ("One", "sending"),
        ("Two", "sending"),
    ]
    held.clear()
    ann.page.reload()
    ann.sees(["One", "Two"])
    bob.sees(["One", "Two"])


def test_changes_and_deletions_reach_all_and_leave_nothing_behind(party: Party, room: str) -> None:
    ann, bob = party.guest(room), party.guest(room)
    ann.say("A secret", "Another secret")
    bob.sees(["A secret", "Another secret"])
    ann.page.press("#text", "ArrowUp")
    assert ann.page.input_value("#text") == "Another secret"
    ann.say("Nothing special")
    bob.sees(["A secret", "Nothing special"])
    expect(bob.newest).to_contain_text("edited")
    first = ann.messages.first
    first.hover()
    first.get_by_role("button", name="Delete").click()
    ann.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    for person in (ann, bob, party.guest(room)):
        person.sees(["Message deleted", "Nothing special"])
    heard = bob.page.evaluate(REPLAY, f"chat.{room}")
    types, datas = [type for type, _ in heard], [data for _, data in heard]
    assert types == ["message", "message", "message.edited", "message.deleted"]
    assert [data and data["text"] for data in datas] == [None, None, "Nothing special", ""]


def test_only_ones_own_messages_offer_to_be_changed(party: Party, room: str) -> None:
    ann, bob = party.guest(room), party.guest(room)
    ann.say("Mine")
    bob.sees(["Mine"])
    bob.newest.hover()
    expect(bob.newest.get_by_role("button")).to_have_count(0)
    message = {"id": bob.newest.get_attribute("data-id"), "text": "Yours"}
    assert bob.publish(f"chat.{room}", "message.edited", message) == ["denied"]
    assert bob.publish(f"chat.{room}", "message.deleted", message) == ["denied"]
    ann.sees(["Mine"])


def test_nobody_can_write_as_somebody_else_or_as_a_job(party: Party, room: str) -> None:
    ann, bob = party.guest(room), party.guest(room)
    forged = {"id": str(uuid4()), "text": "I am Ann", "by": {"id": "g0", "name": ann.name()}}
    assert bob.publish(f"chat.{room}", "message", forged) == ["ok"]
    assert bob.publish(f"chat.{room}", "job.succeeded", {"job": "1"}) == ["reserved"]
    ann.sees(["I am Ann"])
    expect(ann.newest.locator('[data-part="name"]')).to_have_text(bob.name())


def test_others_see_who_is_typing_until_the_message_is_there(party: Party, room: str) -> None:
    ann, bob = party.guest(room), party.guest(room)
    seen = bob.page.locator("#typing")

    def seen_typing() -> str | None:
        ann.page.type("#text", "l", delay=100)
        return seen.text_content()

    # Volatile: what is told before Bob follows the room is nobody's, and is told again in 3 s.
    services.until(seen_typing, what="typing")
    expect(seen).to_have_text(f"{ann.name()} is typing")
    expect(ann.page.locator("#typing")).to_have_text("")
    said = ann.page.input_value("#text")
    ann.page.press("#text", "Enter")
    bob.sees([said])
    expect(bob.page.locator("#typing")).to_have_text("")


def test_what_a_guest_wrote_is_the_accounts_after_sign_in_in_every_tab(
    party: Party, room: str
) -> None:
    ann = party.guest(room)
    ann.say("As a guest")
    ann.sees(["As a guest"])
    other = ann.tab()
    other.goto(f"/chat/{room}/")
    name = f"ann-{uuid4().hex[:8]}"
    ann.sign_up(name)
    assert ann.name() == name
    expect(ann.newest).to_have_attribute("data-own", "")
    ann.newest.hover()
    ann.newest.get_by_role("button", name="Edit").click()
    ann.say("As myself")
    ann.sees(["As myself"])
    expect(other.locator(".who bdi")).to_have_text(name, timeout=20_000)
    bob = party.guest(room)
    expect(bob.newest.locator('[data-part="name"]')).to_have_text(name)


def test_markup_is_shown_as_it_was_written(party: Party, room: str) -> None:
    ann, bob = party.guest(room), party.guest(room)
    text = "<img src=x onerror=alert(1)> & <b>bold</b>"
    ann.say(text)
    bob.sees([text])
    bob.page.reload()
    bob.sees([text])
    assert bob.page.locator("#messages img, #messages b").count() == 0
