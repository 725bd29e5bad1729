"""Rows about what happens to the log itself, and to the right to read it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from .publishing import Failed
from .rows import row
from .scene import Found, Scene, scene
from .site import Site, until

#: How long a right may still be used after its end.
GRACE_SECONDS = 1.0
#: Its rule keeps five events.
BRIEF = "brief.trimmed"


async def _in_one(play: Scene, command: str, number: int) -> None:
    arguments = {"topic": play.topic, "naive": bool(play.naives), "size": 20}
    await play.site.publisher.do(command, mids=play.mids(number), **arguments)


@row("publishes rolled back", alone=False)
async def rolled_back(site: Site, found: Found) -> None:
    async with scene(site, "undone", found) as play:
        play.follow(4)
        play.follow_naively()
        await play.all_subscribed()
        for _ in range(5):
            await _in_one(play, "publish_together", 3)
            await _in_one(play, "publish_undone", 2)
            await play.publish(2)
        await play.judge()
        found.say("25 of 35 are in the log", good=play.lives[-1].top == 25)


@row("publisher dies between commit and numbering")
async def unnumbered(site: Site, found: Found) -> None:
    async with scene(site, "unnumbered", found) as play:
        play.follow(4)
        await play.all_subscribed()
        await play.publish(5)
        with suppress(Failed):
            await _in_one(play, "publish_and_die", 3)
        # Nobody publishes or reads again: the sweep alone can find them.
        await until(lambda: all(client.seq == 8 for client in play.clients), what="8 events")
        await play.judge()
        found.say("the 3 unnumbered ones came", good=play.lives[-1].top == 8)


@row("log trimmed past a sleeping client", alone=False)
async def trimmed(site: Site, found: Found) -> None:
    async with scene(site, "trimmed", found, topic=BRIEF) as play:
        awake, asleep = play.follow(3), play.follow(3)
        await play.all_subscribed()
        await play.publish(10)
        await play.arrived()
        for client in asleep:
            await client.end()
        # More than a hub remembers by itself.
        await play.publish(100)
        top = (await play.remember_log()).top
        await until(lambda: all(client.seq == top for client in awake), what="client awake")
        await site.publisher.do("trim")
        await play.publish(5)
        for client in asleep:
            client.begin_again()
        await play.all_subscribed()
        await play.publish(5)
        await play.judge(gaps={"trimmed"})
        found.say("who slept was told", good=all(play.gaps_of(c) == ["trimmed"] for c in asleep))
        found.say("who was awake saw all", good=not any(play.gaps_of(c) for c in awake))


@row("signed out while subscribed", alone=False)
async def signed_out(site: Site, found: Found) -> None:
    leaver = await site.publisher.do("sign_in", name="leaver")
    async with scene(site, "own", found, topic=f"own.{leaver['visitor']}") as play:
        (client,) = play.follow(1, cookie=leaver["cookie"])
        await play.all_subscribed()
        await play.publish(10)
        await play.arrived()
        await site.publisher.do("sign_out", name="leaver")
        await asyncio.sleep(GRACE_SECONDS)
        await play.publish(10)
        async with asyncio.timeout(10):
            await client.over.wait()
        await play.remember_log()
        await play.end()
        heard = [line["mid"] for line in play.written()[client.name] if line["what"] == "event"]
        found.say("heard what came before", good=heard == [f"m{n}" for n in range(10)])
        codes = [line["code"] for line in play.written()[client.name] if line["what"] == "refused"]
        found.say("was told", good=codes == ["denied"])
