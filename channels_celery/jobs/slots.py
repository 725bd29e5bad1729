"""The slots of channels with `max_running`: a job that finds none has spent its hint.

So every slot that is freed publishes the hint of the job that has waited longest.
"""

from __future__ import annotations

from functools import partial

from channels_celery.database import Session

from . import hints, ledger, registry


def limit_of(channel: str) -> int | None:
    """How many jobs of a channel may run at once, over all workers; None: any number."""
    handler = registry.channels().get(channel)
    return handler.options.max_running if handler else None


def free(session: Session, channel: str, limit: int) -> int:
    """How many more jobs of the channel may begin now."""
    return max(0, limit - ledger.running(session, channel))


def freed(session: Session, channel: str) -> None:
    """A job of this channel has left `running`: let the next one know."""
    if limit_of(channel) is not None and (hint := ledger.next_waiting(session, channel)):
        session.after_commit(partial(hints.publish, hint))
