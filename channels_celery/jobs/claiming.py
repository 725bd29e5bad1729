from __future__ import annotations

from functools import partial
from typing import TypedDict
from uuid import UUID

from channels_celery import settings
from channels_celery.database import Session

from . import ledger
from .ledger import Claim
from .perseverance import persevere
from .registry import ChannelHandler

#: A claim is tried no longer than this: the hint is repeated anyway.
CLAIM_SECONDS = 5.0


#: A hint of no job in particular.
_NONE = UUID(int=0)


class _How(TypedDict):
    run: str
    max_attempts: int
    lease_ms: int


def take(handler: ChannelHandler, job: UUID, fence: int, run: str) -> list[Claim]:
    """What a hint gives this process to do; nothing: it is old, or the channel may not run more."""
    claims, repeated = persevere(
        partial(_claim, handler=handler, job=job, fence=fence, run=run), seconds=CLAIM_SECONDS
    )
    if not claims and repeated:
        # An interrupted try may have committed.
        claims, _ = persevere(
            lambda session: ledger.held_by(session, handler.name, run), seconds=CLAIM_SECONDS
        )
    return claims


def take_next(handler: ChannelHandler, run: str) -> list[Claim]:
    """The job that has waited longest for a slot of a limited channel."""
    return take(handler, _NONE, 0, run)


def _claim(
    session: Session, handler: ChannelHandler, job: UUID, fence: int, run: str
) -> list[Claim]:
    options = handler.options
    how: _How = {
        "run": run,
        "max_attempts": options.max_attempts,
        "lease_ms": int(settings.current().LEASE_SECONDS * 1_000),
    }
    # The first hint of a job: any of its channel will do.
    if options.batch is not None and fence == 0:
        found = ledger.claim_batch(session, handler.name, size=options.batch, **how)
        if found:
            return found
    if options.max_running is None:
        one = ledger.claim(session, job, fence, **how)
    else:
        limit = options.max_running
        one = ledger.claim_in_slot(session, handler.name, job, fence, limit=limit, **how)
    return [one] if one else []
