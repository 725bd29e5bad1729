"""What one process at a time does for all: whoever takes its turn has it until it is due again."""

from __future__ import annotations

from channels_celery.clock import now
from channels_celery.database import Session

_TAKE = """
INSERT INTO channels_celery_chore (name, due) VALUES (%(name)s, {now} + %(pause)s)
ON CONFLICT (name) DO UPDATE SET due = {now} + %(pause)s
WHERE channels_celery_chore.due <= {now} RETURNING name
"""
_KEEP = "UPDATE channels_celery_chore SET due = {now} + %(pause)s WHERE name = %(name)s"


def take(session: Session, name: str, *, seconds: float) -> bool:
    """Whether it is this process's turn; nobody else's for so long from now."""
    params = {"name": name, "pause": int(seconds * 1_000)}
    return bool(session.rows(_TAKE.format(now=now(session.vendor)), params))


def keep(session: Session, name: str, *, seconds: float) -> None:
    """Stay at it: nobody else's turn for so long from now."""
    params = {"name": name, "pause": int(seconds * 1_000)}
    session.rows(_KEEP.format(now=now(session.vendor)), params)
