from __future__ import annotations

import secrets

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
RETURNING channels_celery_event.seq, mid, type, ts, data, by
"""

_RAISE = "UPDATE channels_celery_topic SET seq = %(top)s WHERE name = %(topic)s"


def number(session: Session, topic: str) -> list[Event]:
    """Give the topic's unnumbered events their `seq`, in the order they were stored."""
    with session.transaction():
        ((top,),) = session.rows(_LOCK, {"topic": topic, "epoch": secrets.token_hex(8)})
        rows = sorted(session.rows(_NUMBER, {"topic": topic, "top": top}))
        if rows:
            session.rows(_RAISE, {"topic": topic, "top": rows[-1][0]})
    return [
        Event(topic=topic, seq=seq, mid=mid, type=kind, ts=ts, data=data, by=by)
        for seq, mid, kind, ts, data, by in rows
    ]


def settle(topic: str) -> None:
    """Number what a commit has left unnumbered and announce it: a short transaction per topic."""
    with session() as own:
        events = number(own, topic)
        for event in events:
            own.after_commit(lambda event=event: doorbell.ring(event))
