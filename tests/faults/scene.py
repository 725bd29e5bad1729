from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from .checker import Life, Verdict, check
from .client import Client
from .journal import Journal, Line
from .naive import Naive
from .publishing import Publisher
from .site import Site, until

#: How long clients have to come back and catch up once a fault is over.
PATIENCE_SECONDS = 60.0
#: What a naive client that is well needs to hear the last message.
QUIET_SECONDS = 0.5
#: An event that comes sooner was rung: the sweep looks every 3 s, so it can't bring two in a row.
PROMPT_SECONDS = 0.5
PROMPT_EVENTS = 4
_numbers = count()


@dataclass(slots=True)
class Found:
    """What a row says of itself: sentences, and whether its claim held."""

    good: bool = True
    texts: list[str] = field(default_factory=list)

    def say(self, text: str, *, good: bool = True) -> None:
        self.good = self.good and good
        self.texts.append(text if good else f"MISS: {text}")


class Scene:
    """A topic of its own, those who follow it, and what they wrote down."""

    def __init__(self, site: Site, name: str, found: Found, *, topic: str = "") -> None:
        self.site, self.found = site, found
        self.topic = topic or f"faults.{name.replace(' ', '-')}-{next(_numbers)}"
        self.clients: list[Client] = []
        self.naives: list[Naive] = []
        self.lives: list[Life] = []
        self._journal = Journal(site.folder / f"{self.topic}.jsonl")
        #: Events that were given a name.
        self.published = 0

    def follow(self, number: int, port: int | None = None, cookie: str = "") -> list[Client]:
        """So many clients, over this port, else over the servers' own in turn."""
        made = [
            Client(
                f"client{len(self.clients) + n}",
                port or self.site.ports[n % len(self.site.ports)],
                self.topic, self._journal, cookie,
            )
            for n in range(number)
        ]  # fmt: skip
        self.clients += made
        return made

    def follow_naively(self, port: int | None = None) -> None:
        """One client of plain Channels."""
        name = f"naive{len(self.naives)}"
        self.naives.append(Naive(name, port or self.site.ports[0], self.topic, self._journal))

    async def all_subscribed(self) -> None:
        everybody: list[Client | Naive] = [*self.clients, *self.naives]
        async with asyncio.timeout(PATIENCE_SECONDS):
            for one in everybody:
                await one.subscribed.wait()

    def mids(self, number: int) -> list[str]:
        """Names of new events."""
        self.published += number
        return [f"m{n}" for n in range(self.published - number, self.published)]

    async def publish(
        self,
        number: int,
        *,
        every: float = 0.0,
        size: int = 20,
        publisher: Publisher | None = None,
    ) -> None:
        """So many events, one each `every` seconds; those of plain Channels hear of them too."""
        for mid in self.mids(number):
            told = bool(self.naives)
            source = publisher or self.site.publisher
            await source.publish(self.topic, [mid], naive=told, size=size)
            await asyncio.sleep(every)

    async def remember_log(self) -> Life:
        """Keep what the log holds now: it is going to lose some of it."""
        rows = (await self.site.publisher.do("log", topic=self.topic))["mids"]
        known = dict(self.lives[-1].mids) if self.lives else {}
        now = dict(rows)
        continued = all(known.get(seq, mid) == mid for seq, mid in now.items())
        if continued and (not known or max(now, default=0) >= max(known)):
            self.lives[-1:] = [Life({**known, **now})]
        else:
            self.lives.append(Life(now))
        return self.lives[-1]

    async def arrived(self) -> None:
        """Every client has come to the log's top, or time is up."""
        top = (await self.remember_log()).top
        waited = [client for client in self.clients if not client.over.is_set()]
        try:
            await until(
                lambda: all(client.seq >= top for client in waited),
                seconds=PATIENCE_SECONDS,
                what="client at the top",
            )
        except TimeoutError:
            behind = [f"{one.name} at {one.seq}" for one in waited if one.seq < top]
            self.found.say(f"{', '.join(behind[:3])} of {top}", good=False)

    async def doorbells_again(self, *, within: float) -> None:
        """Publish until some events in a row come to everybody at once, on every server."""
        now = asyncio.get_running_loop().time
        began, prompt = now(), 0
        while prompt < PROMPT_EVENTS and now() - began < within:
            published = now()
            await self.publish(1)
            await self.arrived()
            prompt = prompt + 1 if now() - published < PROMPT_SECONDS else 0
        if prompt == PROMPT_EVENTS:
            self.found.say(f"doorbells again after {now() - began:.1f} s")
        else:
            self.found.say(f"no doorbells within {within:g} s", good=False)

    async def judge(self, *, gaps: Iterable[str] = (), naive_fails: bool = True) -> None:
        """Compare what everybody wrote down with the log; only these reasons may lie in a gap."""
        await self.arrived()
        if self.naives:
            await asyncio.sleep(QUIET_SECONDS)
        await self.end()
        written = self.written()
        verdicts = {one.name: check(written.get(one.name, []), self.lives) for one in self.clients}
        self._say(verdicts, set(gaps))
        for verdict in self.naive_verdicts():
            text = f"plain Channels: {verdict}"
            self.found.say(text, good=not (naive_fails and verdict.good))

    def naive_verdicts(self) -> list[Verdict]:
        written = self.written()
        return [check(written[naive.name], self.lives) for naive in self.naives]

    def _say(self, verdicts: dict[str, Verdict], allowed: set[str]) -> None:
        events = self.lives[-1].top
        again = sum(max(0, client.opened - 1) for client in self.clients)
        told = sum(len(verdict.gaps) for verdict in verdicts.values())
        self.found.say(
            f"{len(self.clients)} clients, log of {events}, {again} reconnects, {told} gaps"
        )
        for name, verdict in verdicts.items():
            if not verdict.good:
                self.found.say(f"{name}: {verdict}", good=False)
            if unexpected := set(verdict.gaps) - allowed:
                self.found.say(f"{name}: a gap, {', '.join(unexpected)}", good=False)

    def written(self) -> dict[str, list[Line]]:
        """What each client has written down so far."""
        return self._journal.by_client()

    def gaps_of(self, client: Client) -> list[str]:
        return check(self.written()[client.name], self.lives).gaps

    async def end(self) -> None:
        everybody: Sequence[Client | Naive] = [*self.clients, *self.naives]
        await asyncio.gather(*(one.end() for one in everybody))


@asynccontextmanager
async def scene(site: Site, name: str, found: Found, *, topic: str = "") -> AsyncIterator[Scene]:
    """A scene whose clients end with it."""
    made = Scene(site, name, found, topic=topic)
    try:
        yield made
    finally:
        await made.end()
