"""Ending a topic's life: its log is gone, or is no longer the one that readers know."""

from __future__ import annotations

import secrets
from functools import partial

from channels_celery.database import Session, session
from channels_celery.repeat import once_more

from . import doorbell, names, trimming

# From here on nobody reads what was there, though it takes a while to remove; that it was emptied
# long ago has the row removed as well, should this process end before it does so.
_END = """
UPDATE channels_celery_topic SET epoch = %(epoch)s, trimmed_to = seq, emptied = 0
WHERE name = %(topic)s RETURNING seq
"""
_UNNUMBERED = "DELETE FROM channels_celery_event WHERE topic = %(topic)s AND seq IS NULL"
_DROP = """
DELETE FROM channels_celery_topic WHERE name = %(topic)s AND seq = trimmed_to
  AND NOT EXISTS (SELECT 1 FROM channels_celery_event WHERE topic = %(topic)s)
"""
_RENEW = "UPDATE channels_celery_topic SET epoch = %(epoch)s WHERE name = %(topic)s RETURNING name"
_RENEW_ALL = "UPDATE channels_celery_topic SET epoch = %(epoch)s RETURNING 1"


def delete(topic: str) -> bool:
    """Remove a topic's whole log; what is published from now on is another life of it.

    Who follows it is told `gap` with the reason `epoch`. Joins the transaction that is open on
    this thread, and then the topic is locked until its end; else the log goes in small steps,
    unreadable from the first. False: there was no such log.
    """
    names.check(topic)
    return once_more(lambda: _delete(topic))


def renew(topic: str) -> bool:
    """Give a topic's log a new epoch: who follows it is told `gap` and loads its state anew.

    For a log that is no longer the one that readers have seen. False: there is no such log.
    """
    names.check(topic)
    return once_more(lambda: _renew(topic))


def renew_all() -> int:
    """Give every log a new epoch, in one statement: after the database was restored.

    Hubs find it with their next sweep. Returns how many there are.
    """
    return once_more(_renew_all)


def _delete(topic: str) -> bool:
    with session() as current:
        with current.transaction():
            rows = current.rows(_END, {"topic": topic, "epoch": _epoch()})
            current.rows(_UNNUMBERED, {"topic": topic})
        if rows:
            _clear(current, topic, rows[0][0])
        current.after_commit(partial(doorbell.changed, topic))
        return bool(rows)


def _clear(current: Session, topic: str, seq: int) -> None:
    while trimming.remove(current, topic, seq):
        pass
    current.rows(_DROP, {"topic": topic})


def _renew(topic: str) -> bool:
    with session() as current:
        found = current.rows(_RENEW, {"topic": topic, "epoch": _epoch()})
        current.after_commit(partial(doorbell.changed, topic))
        return bool(found)


def _renew_all() -> int:
    with session() as current:
        return len(current.rows(_RENEW_ALL, {"epoch": _epoch()}))


def _epoch() -> str:
    return secrets.token_hex(8)
