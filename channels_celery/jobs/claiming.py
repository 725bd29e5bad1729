from __future__ import annotations

from functools import partial
from uuid import UUID

from channels_celery import settings
from channels_celery.database import Session

from . import ledger
from .ledger import Claim
from .perseverance import persevere
from .registry import ChannelHandler

#: A claim is tried no longer than this: the hint is repeated anyway.
CLAIM_SECONDS = 5.0


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


def _claim(
    session: Session, handler: ChannelHandler, job: UUID, fence: int, run: str
) -> list[Claim]:
    lease_ms = int(settings.current().LEASE_SECONDS * 1_000)
    most = handler.options.max_attempts
    limit = handler.options.max_running
    if limit is None:
        found = ledger.claim(session, job, fence, run=run, max_attempts=most, lease_ms=lease_ms)
    else:
        found = ledger.claim_in_slot(
            session,
            handler.name,
            job,
            fence,
            limit=limit,
            run=run,
            max_attempts=most,
            lease_ms=lease_ms,
        )
    return [found] if found else []
