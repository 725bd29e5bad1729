"""What the world hears of a job: events on its topic, and messages to its reply channel."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import UUID

from channels_celery import jsontext
from channels_celery.topics import doorbell, publishing
from channels_celery.topics.events import Draft


class About(Protocol):
    """What an event says of its job: a claim, a lost attempt or an accepted message."""

    @property
    def id(self) -> UUID: ...
    @property
    def channel(self) -> str: ...
    @property
    def fence(self) -> int: ...
    @property
    def max_attempts(self) -> int: ...
    @property
    def topic(self) -> str: ...
    @property
    def reply_channel(self) -> str: ...


#: What people read of a job that was cancelled.
CANCELLED = {"code": "cancelled", "message": "The work was cancelled."}
#: Room for a result beside an event's other keys.
RESULT_BYTES = jsontext.EVENT_BYTES - 1_024


def data(about: About, attempt: int, **more: Any) -> dict[str, Any]:
    """The keys that every event of a job has, and its own."""
    return {
        "job": str(about.id),
        "channel": about.channel,
        "fence": about.fence,
        "attempt": attempt,
        "max_attempts": about.max_attempts,
        **more,
    }


def draft(about: About, type: str, content: dict[str, Any], *, mid: str | None = None) -> Draft:
    """A durable event. Without a `mid` it is one of its fence, so that a repeat is the same one."""
    return Draft(
        topic=about.topic,
        type=type,
        data=jsontext.dump(content, name=type, limit=2 * jsontext.EVENT_BYTES),
        mid=mid or f"{about.id.hex}:{about.fence}:{type.removeprefix('job.')}",
    )


def result(value: Any, text: str) -> dict[str, Any]:
    """The result as an event carries it: one too large for a frame is left to the snapshot."""
    if len(text.encode()) > RESULT_BYTES:
        return {"large": True}
    return {"result": value}


def tell(about: About, type: str, content: dict[str, Any]) -> None:
    """Send a durable event's content to the reply channel too: at most once, as in Channels."""
    if about.reply_channel:
        message = {"type": "job.event", "event": type, **content}
        doorbell.reply(about.reply_channel, message)


def whisper(about: About, type: str, content: dict[str, Any]) -> None:
    """A volatile event on the job's topic."""
    if about.topic:
        publishing.whisper(about.topic, type, content)
