from __future__ import annotations

import secrets
from functools import partial

from django.db import connections

from channels_celery import settings
from channels_celery.database import Session, session

from . import doorbell
from .events import Event

_LOCK = """
INSERT INTO channels_celery_topic (name, epoch, seq, trimmed_to)
VALUES (%(topic)s, %(epoch)s, 0, 0)
ON CONFLICT (name) DO UPDATE SET seq = channels_celery_topic.seq RETURNING seq
"""

# A statement of its own: in the one that waits for the lock, its snapshot is older than the lock.
_NUMBER = """
UPDATE channels_celery_event SET seq = numbered.seq
FROM (SELECT id, %(top)s + row_number() OVER (ORDER BY id) AS seq
      FROM channels_celery_event WHERE topic = %(topic)s AND seq IS NULL) AS numbered
WHERE channels_celery_event.id = numbered.id
RETURNING channels_celery_event.seq, channels_celery_event.id, mid, type, ts, data, by
"""

_RAISE = "UPDATE channels_celery_topic SET seq = %(top)s WHERE name = %(topic)s"

_WAITING = """
SELECT 1 FROM channels_celery_event WHERE topic = %(topic)s AND seq IS NULL LIMIT 1
"""


def number(session: Session, topic: str) -> dict[int, Event]:
    """Give the topic's unnumbered events their `seq`, in the order they were stored.

    Returns them by row id, in the order of `seq`; they are announced after commit.
    """
    with session.transaction():
        ((top,),) = session.rows(_LOCK, {"topic": topic, "epoch": secrets.token_hex(8)})
        rows = sorted(session.rows(_NUMBER, {"topic": topic, "top": top}))
        if rows:
            session.rows(_RAISE, {"topic": topic, "top": rows[-1][0]})
    events = {
        identity: Event(topic=topic, seq=seq, mid=mid, type=kind, ts=ts, data=data, by=by)
        for seq, identity, mid, kind, ts, data, by in rows
    }
    for event in events.values():
        session.after_commit(partial(doorbell.ring, event))
    return events


def settle(topic: str) -> None:
    """Number and announce what a commit has left: a short transaction of one topic."""
    with session() as current:
        # Of several events in one transaction, the first call has numbered all.
        if current.rows(_WAITING, {"topic": topic}):
            number(current, topic)


def may_number(session: Session) -> bool:
    """Whether a reader numbers what it finds.

    Not in a caller's transaction: the topic would stay locked until its end. In a `TestCase` that
    transaction never commits, so there it is the only way to see what was published.
    """
    if not session.joined:
        return True
    blocks = connections[settings.current().DATABASE].atomic_blocks
    return any(getattr(block, "_from_testcase", False) for block in blocks)
