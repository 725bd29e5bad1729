from __future__ import annotations

import re
from uuid import uuid4

from playwright.sync_api import expect

from tests.acceptance.chatting import FORGET, TOO_FAST, TRIM, Party, numbered, run
from tests.acceptance.site import Site

WHAT = ("Your change was not kept", "Not sent")
#: Headless, every tab is in sight: the page is told otherwise.
AWAY = """
let away = false;
Object.defineProperty(document, "hidden", { get: () => away });
const turn = (now) => { away = now; document.dispatchEvent(new Event("visibilitychange")); };
window.leave = () => turn(true);
window.comeBack = () => turn(false);
"""


def test_who_reads_further_up_is_not_moved_and_sees_how_much_is_new(
    party: Party, room: str
) -> None:
    ann = party.guest(room)
    party.guest(room).publish(f"chat.{room}", "message", *numbered(60))
    bob = party.guest(room, viewport={"width": 360, "height": 640})
    expect(bob.messages).to_have_count(50)
    bob.page.locator("#scroller").evaluate("it => { it.scrollTop = -600 }")
    before = bob.top_line()
    ann.say("New 1", "New 2", "New 3")
    pill = bob.page.get_by_role("button", name="3 new messages")
    expect(pill).to_be_visible()
    assert bob.top_line() == before
    pill.click()
    expect(bob.page.locator('[data-part="unread"]:not([hidden])')).to_be_in_viewport()
    expect(bob.newest).to_be_in_viewport()
    expect(bob.page.locator("#pill")).to_be_hidden()


def test_who_reads_the_end_stays_there(party: Party, room: str) -> None:
    ann = party.guest(room)
    ann.publish(f"chat.{room}", "message", *numbered(30))
    bob = party.guest(room, viewport={"width": 360, "height": 640})
    ann.say("One more")
    expect(bob.newest).to_contain_text("One more")
    expect(bob.newest).to_be_in_viewport()
    expect(bob.page.locator("#pill")).to_be_hidden()


def test_a_room_says_how_many_are_there(party: Party, room: str) -> None:
    ann = party.guest(room)
    expect(ann.page.locator("#here")).to_have_text("Only you are here")
    bob = party.guest(room)
    for person in (ann, bob):
        expect(person.page.locator("#here")).to_have_text("2 people are here")


def test_who_was_away_finds_the_first_message_that_is_new(party: Party, room: str) -> None:
    ann = party.guest(room)
    ann.publish(f"chat.{room}", "message", *numbered(30))
    bob = party.guest()
    bob.page.add_init_script(AWAY)
    bob.enter(room)
    title = bob.page.title()
    bob.page.evaluate("leave()")
    ann.publish(f"chat.{room}", "message", *numbered(25))
    expect(bob.page).to_have_title(f"(25) {title}")
    bob.page.evaluate("comeBack()")
    bob.page.get_by_role("button", name="25 new messages").click()
    expect(bob.page.locator('[data-part="unread"]:not([hidden])')).to_be_in_viewport()
    bob.page.locator("#scroller").evaluate("it => { it.scrollTop = 0 }")
    expect(bob.page).to_have_title(title)


def test_earlier_messages_come_while_scrolling_and_leave_the_view_alone(
    party: Party, room: str
) -> None:
    all_of_them = numbered(120)
    # One alone would have to wait in between.
    for part in (all_of_them[:60], all_of_them[60:]):
        party.guest(room).publish(f"chat.{room}", "message", *part)
    bob = party.guest(room)
    expect(bob.messages).to_have_count(50)
    earlier = bob.page.get_by_role("button", name="Show earlier messages")
    bob.scroll_up()
    expect(bob.messages).to_have_count(100)
    bob.scroll_up()
    expect(bob.messages).to_have_count(120)
    expect(earlier).to_be_hidden()
    assert bob.texts() == [f"No. {number}" for number in range(1, 121)]


def test_a_gap_brings_the_newest_page_anew(party: Party, room: str, site: Site) -> None:
    ann = party.guest(room)
    ann.say("Before")
    ann.sees(["Before"])
    ann.context.set_offline(True)
    party.guest(room).publish(f"chat.{room}", "message", *numbered(3))
    run(site, TRIM, f"chat.{room}")
    ann.context.set_offline(False)
    ann.sees(["Before", "No. 1", "No. 2", "No. 3"])
    assert ann.was_not_reloaded()


def test_who_writes_too_fast_is_told_how_long_to_wait_and_loses_nothing(
    party: Party, room: str, site: Site
) -> None:
    ann = party.guest(room)
    ann.say("Frist")
    ann.sees(["Frist"])
    run(site, TOO_FAST, ann.visitor())
    ann.say("One too many")
    expect(ann.newest).to_have_attribute("data-state", "failed")
    ann.page.press("#text", "ArrowUp")
    ann.say("First")
    late = ann.page.locator('[data-state="failed"]')
    expect(late).to_have_count(2)
    ann.page.reload()
    ann.live()
    said = [re.compile(rf"^{what}: too much at once\. Try again in \d+ s\.") for what in WHAT]
    expect(late.locator('[data-part="status"]')).to_have_text(said)
    assert "First" in ann.texts()
    run(site, FORGET)
    for left in (1, 0):
        late.first.get_by_role("button", name="Send again").click()
        expect(late).to_have_count(left)
    bob = party.guest(room)
    bob.sees(["First", "One too many"])


def test_the_room_can_be_used_by_keyboard_alone(party: Party, room: str) -> None:
    ann, bob = party.guest(room), party.guest(room)
    keys = ann.page.keyboard
    ann.tab_to("textarea")
    keys.type("First line")
    keys.press("Shift+Enter")
    keys.type("second line")
    keys.press("Enter")
    keys.type("Oops")
    keys.press("Enter")
    bob.sees(["First line\nsecond line", "Oops"])
    keys.press("ArrowUp")
    keys.type("!")
    keys.press("Escape")
    assert ann.page.input_value("#text") == ""
    keys.press("Shift+Tab")
    assert "Oops" in ann.focused()
    keys.press("ArrowUp")
    assert "First line" in ann.focused()
    keys.press("ArrowDown")
    for button in ("Edit", "Delete"):
        keys.press("Tab")
        assert ann.focused() == button
    keys.press("Enter")
    assert ann.focused() == "Keep"
    keys.press("Shift+Tab")
    keys.press("Enter")
    bob.sees(["First line\nsecond line", "Message deleted"])
    assert "Message deleted" in ann.focused()


def test_a_draft_and_a_guests_name_outlive_a_reload(party: Party, room: str) -> None:
    ann = party.guest(room)
    name = ann.name()
    ann.page.type("#text", "Not yet")
    ann.page.reload()
    assert ann.page.input_value("#text") == "Not yet"
    assert ann.name() == name
    assert name.startswith("Guest ")


def test_a_new_room_and_unread_messages_show_up_in_the_list(party: Party, room: str) -> None:
    ann, bob = party.guest(room), party.guest("lobby")
    entry = bob.page.locator(f'[data-room="{room}"]')
    ann.say("One", "Two")
    ann.sees(["One", "Two"])
    expect(entry.locator('[data-part="count"]')).to_have_text("2")
    entry.get_by_role("link").click()
    bob.sees(["One", "Two"])
    bob.enter("lobby")
    expect(entry.locator('[data-part="count"]')).to_be_hidden()
    ann.page.goto("/chat/")
    fresh = f"fresh-{room}"
    ann.page.fill("#name", fresh)
    ann.page.press("#name", "Enter")
    expect(bob.page.get_by_role("link", name=fresh)).to_be_visible()
    assert bob.was_not_reloaded()


def test_the_room_fits_a_narrow_phone(party: Party, room: str) -> None:
    ann = party.guest(room, viewport={"width": 320, "height": 568}, has_touch=True)
    ann.say("x" * 200, "مرحبا", "A line")
    expect(ann.messages).to_have_count(3)
    assert ann.page.evaluate("document.documentElement.scrollWidth") <= 320
    expect(ann.page.get_by_role("heading", name="Rooms")).to_be_hidden()
    ann.page.get_by_role("button", name="Rooms").click()
    expect(ann.page.get_by_role("link", name=room)).to_be_visible()
    ann.page.get_by_role("button", name="Close").click()
    expect(ann.page.get_by_role("link", name=room)).to_be_hidden()


def test_a_room_can_be_read_without_scripts(party: Party, room: str) -> None:
    party.guest(room).publish(f"chat.{room}", "message", *numbered(60))
    reader = party.guest(java_script_enabled=False)
    reader.page.goto(f"/chat/{room}/")
    assert reader.texts()[-1] == "No. 60"
    expect(reader.messages.first.locator("p").first).to_have_text(re.compile(r"^\w+day \d+ "))
    expect(reader.messages.first.locator("p").first).to_be_visible()
    expect(reader.page.get_by_label("Message", exact=True)).to_be_hidden()
    reader.page.get_by_role("link", name="Earlier messages").click()
    assert reader.texts() == [f"No. {number}" for number in range(1, 11)]


def test_a_room_that_is_not_there_offers_to_be_opened(party: Party) -> None:
    ann = party.guest()
    name = f"new-{uuid4().hex[:8]}"
    ann.page.goto(f"/chat/{name}/")
    expect(ann.page.get_by_role("heading", name="There is no such room")).to_be_visible()
    ann.page.get_by_role("button", name="Open").click()
    ann.page.wait_for_url(f"**/chat/{name}/")
    expect(ann.page.get_by_text("Nobody has written here yet.")).to_be_visible()
