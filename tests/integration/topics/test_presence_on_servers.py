"""Presence over two servers, one of which is killed."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from channels_celery.database import close_idle

from .serving import Client, guest_cookie, serving

TOPIC = "open.lobby"
GUESTS = [f"g{number:020x}" for number in range(3)]
#: Dead after 15 s, seen at the next beat of a hub that has beaten for as long.
LEAVE_SECONDS = 40.0


def present(client: Client) -> list[str]:
    client.tell(op="presence", id=7, topic=TOPIC)
    answer = client.hear("presence")
    assert answer["n"] == len(answer["members"])
    return [member["id"] for member in answer["members"]]


def count_at(client: Client, kind: str, who: str, seconds: float = 10.0) -> int:
    """Wait until this one has come or left; how many are there then."""
    while True:
        event = client.hear("event", seconds=seconds)
        data: dict[str, Any] = event["data"]
        if event["type"] == kind and who in [one["id"] for one in data["members"]]:
            return int(data["n"])


def hear_each_other(watching: Client, there: Client) -> None:
    """Until a whisper comes over: a hub joins its groups in its own time, and misses what is
    volatile before."""
    for _ in range(100):
        there.tell(op="whisper", topic=TOPIC, type="typing", data={})
        with suppress(TimeoutError):
            if watching.hear("event", seconds=0.2)["type"] == "typing":
                return
    raise AssertionError("no whisper came over")


def test_members_are_seen_over_two_servers_and_leave_with_the_one_that_is_killed(
    transactional_db: None, redis_url: str
) -> None:
    ann, bob, eve = (guest_cookie(guest) for guest in GUESTS)
    with (
        serving("daphne", "default", redis_url) as first,
        serving("uvicorn", "default", redis_url) as second,
    ):
        watching = second.client(Cookie=ann)
        watching.follow(TOPIC)
        assert present(watching) == GUESTS[:1]
        there = first.client(Cookie=ann)
        there.follow(TOPIC)
        hear_each_other(watching, there)
        first.client(Cookie=bob).follow(TOPIC)
        second.client(Cookie=ann).follow(TOPIC)
        assert count_at(watching, "presence.join", GUESTS[1]) == 2
        # One who has not asked hears of nobody.
        quiet = second.client(Cookie=eve)
        quiet.follow(TOPIC)
        assert count_at(watching, "presence.join", GUESTS[2]) == 3
        assert present(watching) == GUESTS
        first.kill()
        assert count_at(watching, "presence.leave", GUESTS[1], LEAVE_SECONDS) == 2
        assert present(watching) == [GUESTS[0], GUESTS[2]]
        quiet.tell(op="unsubscribe", id=9, topic="none")
        assert quiet.hear("ok")["id"] == 9
        assert quiet.seqs == []
    close_idle()
