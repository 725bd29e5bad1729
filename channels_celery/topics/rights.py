from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from channels_celery.errors import DatabaseAway

from . import protocol
from .access import Refused, Visitor
from .connection import NOBODY, Connection
from .rechecking import Recheck
from .standing import Asked, Found
from .subscriber import State

if TYPE_CHECKING:
    from .hub import Hub

logger = logging.getLogger("channels_celery.topics")

#: Each socket is asked again so often: within a minute, the time to get to it included.
ROUND_SECONDS = 50.0
#: How often it is looked whose time has come.
LOOK_SECONDS = 1.0
#: Sockets of one question: what was rung meanwhile waits no longer than that.
SLICE = 50
#: After an error.
PAUSE_SECONDS = 1.0
#: How long a hub remembers what was signed out: a browser that comes back before its log-out is
#: answered still names the old session.
SIGNED_OUT_SECONDS = 120.0


class Rights:
    """Asks again who is at each socket and what it may read: at once when told, else in rounds.

    While the database does not answer, what was granted stays.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        #: To be asked at once, in order.
        self._soon: dict[Connection, None] = {}
        self._wake = asyncio.Event()
        #: Marks of sessions, oldest first, and when each was signed out.
        self._signed_out: dict[str, float] = {}
        #: Words so far: a greeting during which one came may have looked too early.
        self.heard = 0

    def hear(self, word: Recheck) -> None:
        """Ask the sockets that are meant, on the hub's loop."""
        self.heard += 1
        if word.session:
            self._signed_out.pop(word.session, None)
            self._signed_out[word.session] = asyncio.get_running_loop().time()
        for connection in self._hub.connections:
            if _is_meant(word, connection):
                # From now on it sends nothing; what it may still read is asked next.
                connection.visitor = self._known(connection, connection.visitor)
                self._soon[connection] = None
        if self._soon:
            self._wake.set()

    def meet(self, connection: Connection, visitor: Visitor, heard: int) -> None:
        """Take who was found at a new socket, looked for when so many words had been heard."""
        connection.visitor = self._known(connection, visitor)
        connection.asked = asyncio.get_running_loop().time()
        if heard != self.heard:
            self._soon[connection] = None
            self._wake.set()

    def _known(self, connection: Connection, visitor: Visitor) -> Visitor:
        """The visitor that was found for a socket: nobody, if its session is signed out."""
        return NOBODY if connection.mark in self._signed_out else visitor

    async def run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                self._forget()
            self._wake.clear()
            while some := self._next():
                if not await self._ask(some):
                    self._soon.update(dict.fromkeys(some))
                    await asyncio.sleep(PAUSE_SECONDS)

    def _next(self) -> list[Connection]:
        """Who is asked next: those that were rung for, else those whose time has come."""
        some = list(islice(self._soon, SLICE))
        for connection in some:
            del self._soon[connection]
        if not some:
            limit = asyncio.get_running_loop().time() - ROUND_SECONDS
            due = (one for one in self._hub.connections if one.asked <= limit)
            some = list(islice(due, SLICE))
        return [connection for connection in some if not connection.closed]

    async def _ask(self, some: Sequence[Connection]) -> bool:
        """Whether there was an answer."""
        asked = [
            # Who was signed out is asked about as one who came with nothing.
            Asked({} if one.mark in self._signed_out else one.scope, tuple(one.subscriptions))
            for one in some
        ]
        try:
            found = await self._hub.source.standings(asked)
        except DatabaseAway:
            return False
        except Exception:
            logger.exception("rights could not be asked again")
            return False
        for connection, standing in zip(some, found, strict=True):
            if not connection.closed:
                self._take(connection, standing)
        return True

    def _take(self, connection: Connection, found: Found) -> None:
        connection.asked = asyncio.get_running_loop().time()
        if found is None:
            return
        if isinstance(found, Refused):
            connection.close(protocol.CREDENTIALS, found.reason)
            return
        visitor = self._known(connection, found.visitor)
        if visitor.id != connection.visitor.id:
            # Its browser may hold another cookie by now, and has to be told who it is.
            connection.close(protocol.SHUTDOWN, "The visitor is another one now; connect again.")
            return
        connection.visitor = visitor
        for topic, access in found.access.items():
            if (subscriber := connection.subscriptions.get(topic)) is None:
                continue
            if access.read:
                subscriber.grant(access)
            elif subscriber.state is State.JOINING:
                # The answer to its request will say so.
                connection.leave(topic)
            else:
                connection.deny(subscriber)

    def _forget(self) -> None:
        limit = asyncio.get_running_loop().time() - SIGNED_OUT_SECONDS
        for mark, at in list(self._signed_out.items()):
            if at > limit:
                break
            del self._signed_out[mark]


def _is_meant(word: Recheck, connection: Connection) -> bool:
    return (
        (word.session is None or word.session == connection.mark)
        and (word.visitor is None or word.visitor == connection.visitor.id)
        and (word.topic is None or word.topic in connection.subscriptions)
    )
