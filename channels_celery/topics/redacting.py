"""Taking back what an event said, while its place in the log stays."""

from __future__ import annotations

from functools import partial

from channels_celery.database import session
from channels_celery.errors import BadMessage
from channels_celery.repeat import once_more

from . import doorbell, names

_EMPTY = """
UPDATE channels_celery_event SET data = 'null'
WHERE topic = %(topic)s AND seq = %(seq)s RETURNING id
"""


def redact(topic: str, seq: int) -> bool:
    """Empty an event's data for all who read it from now on: it is null, all else stays.

    Joins the transaction that is open on this thread. Those who have the event already hear
    nothing of it: publish an event that tells them. False if the log has no such event (any more).
    """
    names.check(topic)
    if isinstance(seq, bool) or not isinstance(seq, int):
        raise BadMessage(
            f"seq: expected the number of an event, not {seq!r}; "
            "inside its own transaction an event has none yet, ask after the commit."
        )
    return once_more(lambda: _empty(topic, seq))


def _empty(topic: str, seq: int) -> bool:
    with session() as current:
        found = bool(current.rows(_EMPTY, {"topic": topic, "seq": seq}))
        # Hubs that remember the event forget it.
        current.after_commit(partial(doorbell.changed, topic))
        return found
