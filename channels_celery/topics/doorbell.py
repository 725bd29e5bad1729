from __future__ import annotations

import asyncio
import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from zlib import crc32

from channels_celery import failpoints

from . import outbound
from .events import Event
from .gathering import Gathering

GROUPS = 64
TYPE = "topics.bells"
#: A doorbell carries its frame up to here; past it hubs read the log.
FRAME_BYTES = 8 * 1024

#: Types that only those hear who have asked who is present.
PRESENCE = "presence."


@dataclass(frozen=True, slots=True, kw_only=True)
class Bell:
    """Word that a topic has a new event: `seq` in its log, or None for a volatile one.

    `frame` is the event's frame, None when it is too large to carry; without both, the log itself
    has changed. `origin` is the process that
    rang: its own hubs have heard it already.
    """

    topic: str
    seq: int | None
    frame: str | None
    origin: str
    #: Only for those who have asked who is present.
    presence: bool = False


#: What hubs are told: a bell, or another word that the same registry carries.
Word = TypeVar("Word")


class Listeners(Generic[Word]):
    """The hubs of this process, each told on its own loop; closed loops drop out by themselves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard: tuple[tuple[asyncio.AbstractEventLoop, Callable[[Word], None]], ...] = ()

    def add(self, loop: asyncio.AbstractEventLoop, callback: Callable[[Word], None]) -> None:
        """Call `callback(word)` on `loop` for each word that this process tells."""
        with self._lock:
            self._heard += ((loop, callback),)

    def remove(self, callback: Callable[[Word], None]) -> None:
        with self._lock:
            self._heard = tuple(entry for entry in self._heard if entry[1] != callback)

    def tell(self, word: Word) -> None:
        here = _running_loop()
        for loop, callback in self._heard:
            try:
                # On the hub's own loop it needs no other thread to wake it.
                (loop.call_soon if loop is here else loop.call_soon_threadsafe)(callback, word)
            except RuntimeError:
                # Its loop is closed.
                self.remove(callback)

    def forget(self) -> None:
        self._lock = threading.Lock()
        self._heard = ()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


listeners: Listeners[Bell] = Listeners()
_origin = secrets.token_hex(8)


def group_of(topic: str) -> str:
    """The layer group that carries this topic's doorbells."""
    return f"channels_celery.{crc32(topic.encode()) % GROUPS}"


def origin() -> str:
    """This process's id in the doorbells that it rings: hubs skip their own by it."""
    return _origin


def ring(event: Event) -> None:
    """Tell every hub of a stored or volatile event. Never raises, never blocks; may be lost."""
    if event.seq is not None:
        failpoints.reach("doorbell")
    frame: str | None = event.frame()
    if event.seq is not None and frame is not None and len(frame.encode()) > FRAME_BYTES:
        frame = None
    presence = event.type.startswith(PRESENCE)
    bell = Bell(topic=event.topic, seq=event.seq, frame=frame, origin=_origin, presence=presence)
    _tell(bell)


def changed(topic: str) -> None:
    """Tell every hub that the log itself has changed: nothing that it knows of it holds."""
    _tell(Bell(topic=topic, seq=None, frame=None, origin=_origin))


def reply(channel: str, message: dict[str, Any]) -> None:
    """Send to a reply channel, at most once. Never raises, never blocks."""
    outbound.send(channel, message)


def heard(message: Any) -> list[Bell]:
    """The doorbells in a message of the layer, which is shared, so anything may come."""
    try:
        if message["type"] != TYPE or not isinstance(message["origin"], str):
            return []
        return [_heard(entry, message["origin"]) for entry in message["bells"]]
    except (KeyError, TypeError, ValueError):
        return []


def _heard(entry: Any, origin: str) -> Bell:
    topic, seq, frame, presence = entry
    if not isinstance(topic, str) or type(seq) not in (int, type(None)):
        raise TypeError(entry)
    if not isinstance(frame, str | None) or not isinstance(presence, bool):
        raise TypeError(entry)
    return Bell(topic=topic, seq=seq, frame=frame, origin=origin, presence=presence)


def _tell(bell: Bell) -> None:
    listeners.tell(bell)
    group, entry = group_of(bell.topic), (bell.topic, bell.seq, bell.frame, bell.presence)
    if bell.seq is None and bell.frame is not None:
        _gathering.soon(group, entry, len(bell.frame))
    else:
        _gathering.now(group, entry)


def _send(group: str, entries: list[Any]) -> None:
    outbound.group_send(group, {"type": TYPE, "origin": _origin, "bells": entries})


_gathering = Gathering(_send)


def _forget() -> None:
    global _origin
    _origin = secrets.token_hex(8)
    listeners.forget()
    _gathering.forget()


os.register_at_fork(after_in_child=_forget)
