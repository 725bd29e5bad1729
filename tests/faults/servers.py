"""Rows about the servers that clients are connected to."""

from __future__ import annotations

import asyncio
import signal

from .rows import row
from .scene import Found, Scene, scene
from .site import Site


async def _ended(site: Site, found: Found, name: str, number: int) -> Scene:
    """One of two servers is ended by a signal while events are published."""
    async with scene(site, name, found) as play:
        on_first, on_second = play.follow(4, site.ports[0]), play.follow(4, site.ports[1])
        play.follow_naively(site.ports[0])
        await play.all_subscribed()
        await play.publish(20, every=0.01)
        site.webs[0].signal(number)
        await play.publish(80, every=0.02)
        await play.judge()
        found.say("the ended server's clients came back", good=all(c.opened > 1 for c in on_first))
        found.say("the other's stayed", good=all(client.opened == 1 for client in on_second))
    return play


@row("Daphne killed, a second one beside it")
async def killed(site: Site, found: Found) -> None:
    await _ended(site, found, "killed", signal.SIGKILL)


@row("Daphne ended by SIGTERM, a second one beside it", short=False)
async def terminated(site: Site, found: Found) -> None:
    play = await _ended(site, found, "terminated", signal.SIGTERM)
    written = play.written()
    first = [
        next(line.get("code") for line in written[client.name] if line["what"] == "closed")
        for client in play.clients[:4]
    ]
    # Who comes back at once may meet the server that leaves, and is told again.
    found.say("each was told 4000", good=first == [4000] * 4)


@row("database away for 10 s", databases=("postgresql",), short=False)
async def database_away(site: Site, found: Found) -> None:
    async with scene(site, "away", found) as play:
        play.follow(6)
        await play.all_subscribed()
        await play.publish(20, every=0.01)
        await asyncio.to_thread(site.database.stop)
        publishing = asyncio.create_task(play.publish(40, every=0.01))
        newcomers = play.follow(2)
        await asyncio.sleep(10)
        await asyncio.to_thread(site.database.start)
        await publishing
        await play.all_subscribed()
        await play.judge()
        found.say("who came meanwhile follows too", good=all(one.seq > 0 for one in newcomers))


@row("log restored from an older copy, and grown past its readers")
async def restored(site: Site, found: Found) -> None:
    async with scene(site, "restored", found) as play:
        # Who follows a log that is not there yet learns its epoch from a sweep, later than this.
        await play.publish(1)
        stays, sleeps = play.follow(4), play.follow(2)
        await play.all_subscribed()
        await play.publish(19)
        await play.arrived()
        await asyncio.to_thread(site.database.keep)
        await play.publish(20)
        await play.arrived()
        for client in sleeps:
            await client.end()
        await asyncio.to_thread(site.database.restore)
        # Past the 40 that they know: only the mid can tell that it is another log.
        await play.publish(45)
        for client in sleeps:
            client.begin_again()
        await play.judge(gaps={"rolled_back"})
        told = [play.gaps_of(client) for client in (*stays, *sleeps)]
        found.say("each reader was told once", good=told == [["rolled_back"]] * len(told))
