"""What a socket can ask for, one function an op; each answers once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from channels_celery.errors import DatabaseAway

from . import frames, protocol
from .access import Access, Refused
from .protocol import AskPresence, Frame, Publish, Request, Subscribe, Unsubscribe, Whisper
from .submitting import whisper_from

if TYPE_CHECKING:
    from .connection import Connection

logger = logging.getLogger("channels_celery.topics")


@dataclass(frozen=True, slots=True)
class Operation:
    """A request in line on its socket; without one, the greeting that comes before all others."""

    id: Any
    request: Request | Refused | None

    @classmethod
    def of(cls, frame: Frame) -> Operation:
        try:
            return cls(protocol.id_of(frame), protocol.request(frame))
        except Refused as refused:
            return cls(protocol.id_of(frame), refused)

    def done_at_once(self, connection: Connection) -> bool:
        """A whisper on a topic that the socket follows waits for nothing, nor needs a task."""
        if not isinstance(self.request, Whisper):
            return False
        access = _access_known(connection, self.request)
        if access is None:
            return False
        try:
            _whisper_with(connection, access, self.request)
        except Refused as refused:
            connection.say(frames.error(self.id, refused))
        return True

    async def run(self, connection: Connection) -> None:
        """Do it and answer. What only fails here closes the socket: the client comes back."""
        try:
            await _do(connection, self.request)
        except Refused as refused:
            connection.say(frames.error(self.id, refused))
        except DatabaseAway:
            if self.request is None:
                connection.close(protocol.INTERNAL, "The database does not answer.")
            else:
                connection.say(frames.unavailable(self.id))
        except Exception:
            logger.exception("an operation of a socket failed")
            connection.close(protocol.INTERNAL, "This could not be done.")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A frame whose turn comes later, as its text: what it says may take twenty times as much."""

    text: str

    async def run(self, connection: Connection) -> None:
        await Operation.of(protocol.load(self.text)).run(connection)


GREETING = Operation(None, None)


async def _do(connection: Connection, request: Request | Refused | None) -> None:
    match request:
        case None:
            await _greet(connection)
        case Subscribe():
            await _subscribe(connection, request)
        case Unsubscribe():
            connection.leave(request.topic)
            connection.say(frames.ok(request.id, topic=request.topic))
        case Publish():
            await _publish(connection, request)
        case Whisper():
            await _whisper(connection, request)
        case AskPresence():
            await _presence(connection, request)
        case Refused():
            raise request


async def _greet(connection: Connection) -> None:
    rights = connection.hub.rights
    heard = rights.heard
    try:
        found = await connection.hub.source.visitor(connection.scope)
    except Refused as refused:
        connection.close(protocol.CREDENTIALS, refused.reason)
    else:
        rights.meet(connection, found, heard)
        connection.say(frames.welcome(connection.sid, connection.visitor.id))


async def _subscribe(connection: Connection, request: Subscribe) -> None:
    subscriber = connection.follow(request.topic)
    if subscriber is None:
        connection.close(
            protocol.TOO_MANY_TOPICS, f"A socket follows at most {protocol.TOPICS} topics."
        )
        return
    asked = subscriber.feed.top
    try:
        access, page = await subscriber.feed.first(connection.visitor, request.since)
    except BaseException:
        connection.leave(request.topic)
        raise
    if page is None or connection.subscriptions.get(request.topic) is not subscriber:
        # Or the right has ended meanwhile.
        connection.leave(request.topic)
        raise Refused("denied", "You may not read this topic.")
    if subscriber.access is None:
        subscriber.grant(access)
    if request.since is not None:
        subscriber.go_to(request.since)
    subscriber.feed.join(subscriber, page, asked, request.id)


async def _publish(connection: Connection, request: Publish) -> None:
    appended = await connection.hub.source.publish(connection.visitor, request)
    more = {"duplicate": True} if appended.duplicate else {}
    connection.say(frames.ok(request.id, topic=request.topic, seq=appended.event.seq, **more))


async def _whisper(connection: Connection, request: Whisper) -> None:
    access = _access_known(connection, request)
    if access is None:
        access = await connection.hub.source.access(connection.visitor, request.topic)
    _whisper_with(connection, access, request)


def _access_known(connection: Connection, request: Whisper) -> Access | None:
    """Asked when it subscribed: a whisper there waits for no thread and no database."""
    subscriber = connection.subscriptions.get(request.topic)
    return None if subscriber is None else subscriber.access


def _whisper_with(connection: Connection, access: Access, request: Whisper) -> None:
    whisper_from(connection.visitor, access, request.topic, request.type, request.data)


async def _presence(connection: Connection, request: AskPresence) -> None:
    subscriber = connection.subscriptions.get(request.topic)
    if subscriber is None or subscriber.access is None:
        raise Refused("bad_request", "Subscribe to the topic first.")
    if not subscriber.access.presence:
        raise Refused("denied", "You may not see who is present here.")
    # From now on: who comes while the list is read is told as well.
    subscriber.sees_presence = True
    present = await connection.hub.presence.members(request.topic)
    followed = connection.subscriptions.get(request.topic) is subscriber
    if not (followed and subscriber.sees_presence):
        # The right has ended meanwhile.
        raise Refused("denied", "You may not see who is present here.")
    connection.say(frames.presence(request.id, request.topic, present))
