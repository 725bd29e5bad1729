from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from .events import Event, Position

if TYPE_CHECKING:
    from .access import Access
    from .connection import Connection
    from .feed import Feed


class State(Enum):
    """How a subscriber gets its next event."""

    #: Its first read of the log is under way.
    JOINING = "joining"
    #: At the topic's top: the next doorbell's frame is its next event.
    LIVE = "live"
    #: In line for a read of the log.
    BEHIND = "behind"
    #: Its reader has to prove first that it reads.
    STALLED = "stalled"


class Subscriber:
    """One topic on one socket: `last` is the position that its client has been brought to."""

    __slots__ = (
        "access", "connection", "epoch", "feed", "last", "member", "mid", "replaying",
        "sees_presence", "state",
    )  # fmt: skip

    def __init__(self, feed: Feed, connection: Connection) -> None:
        self.feed = feed
        self.connection = connection
        self.access: Access | None = None
        self.state = State.JOINING
        #: Rights are asked again before each page of a replay.
        self.replaying = True
        #: As whom it is present.
        self.member: tuple[str, str] | None = None
        #: It has asked who is present, and is told who comes and goes.
        self.sees_presence = False
        self.epoch = ""
        self.last = 0
        self.mid = ""

    @property
    def position(self) -> Position:
        return Position(epoch=self.epoch, seq=self.last, mid=self.mid)

    def grant(self, access: Access) -> None:
        """Its rights, as the rule has just said."""
        self.access = access
        self.sees_presence = self.sees_presence and access.presence
        self.connection.hub.presence.place(self)

    def go_to(self, position: Position) -> None:
        self.epoch, self.last, self.mid = position.epoch, position.seq, position.mid

    def advance(self, event: Event) -> None:
        """The event after `last` is written."""
        self.last, self.mid = event.seq or 0, event.mid
