from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID

from channels_celery.clock import now
from channels_celery.database import Session

#: Parameters that are ids of jobs.
_IDS = ("id", "after", "before", "last")
#: How a statement names the job it is about, its rows' lock, and the present.
_WORDS = {
    "postgresql": {
        **{name: f"%({name})s::uuid" for name in _IDS},
        "skip_locked": "FOR UPDATE SKIP LOCKED",
    },
    # SQLite has one writer: whoever runs the statement holds the lock.
    "sqlite": {**{name: f"%({name})s" for name in _IDS}, "skip_locked": ""},
}


#: PostgreSQL commits this statement without waiting for its disk. Not in a caller's transaction,
#: which would be committed so too.
_RELAXED = "AND set_config('synchronous_commit', 'off', true) = 'off'"


@cache
def _written(template: str, vendor: str, joined: bool) -> str:
    relaxed = _RELAXED if vendor == "postgresql" and not joined else ""
    return template.format(now=now(vendor), relaxed=relaxed, **_WORDS[vendor])


def statement(session: Session, template: str) -> str:
    """The statement in the session's dialect."""
    return _written(template, session.vendor, session.joined)


def key(job: UUID) -> str:
    """A job's id as both databases take it."""
    return job.hex


def identity(value: Any) -> UUID:
    """A job's id as either database returns it."""
    return value if isinstance(value, UUID) else UUID(value)
