from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from channels_celery.database import Row, Session, session

from . import numbering
from .events import Event, Position

#: Unnumbered events are looked for in the same statement: what a crash left, a reader numbers.
_READ = """
SELECT t.epoch, t.seq, t.trimmed_to,
  (SELECT mid FROM channels_celery_event WHERE topic = %(topic)s AND seq = %(since)s),
  last.mid,
  EXISTS (SELECT 1 FROM channels_celery_event WHERE topic = %(topic)s AND seq IS NULL),
  e.seq, e.mid, e.type, e.ts, e.data, e.by
FROM (SELECT 1 AS one) AS always
LEFT JOIN channels_celery_topic t ON t.name = %(topic)s
LEFT JOIN channels_celery_event AS last ON last.topic = %(topic)s AND last.seq = t.seq
LEFT JOIN (SELECT seq, mid, type, ts, data, by FROM channels_celery_event
           WHERE topic = %(topic)s AND seq > %(since)s
             AND seq > (SELECT trimmed_to FROM channels_celery_topic WHERE name = %(topic)s)
           ORDER BY seq LIMIT %(limit)s) AS e ON 1 = 1
ORDER BY e.seq
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Consecutive events of a topic and what the log says of the position they follow.

    `reason` is None when the position holds; else `trimmed`, `epoch` or `rolled_back`, and
    the reader has to reload its state: then `events` is empty and `top` the place to go on from.
    """

    topic: str
    since: int
    #: Of the event at `since`; empty where the log has none.
    mid: str = ""
    top: Position
    trimmed_to: int
    reason: str | None
    events: tuple[Event, ...]


def read(session: Session, topic: str, since: Position | None, limit: int) -> Page:
    """Up to `limit` events after `since`; None reads from the start of what is kept."""
    rows = _rows(session, topic, since, limit)
    if rows[0][5] and numbering.may_number(session):
        numbering.number(session, topic)
        rows = _rows(session, topic, since, limit)
    epoch, seq, trimmed_to, mid_at_since, mid_at_top, *_ = rows[0]
    top = Position(epoch=epoch or "", seq=seq or 0, mid=mid_at_top or "")
    trimmed_to = trimmed_to or 0
    reason = None if since is None else _judge(since, top, trimmed_to, mid_at_since)
    events = () if reason else tuple(_event(topic, row[6:]) for row in rows if row[6] is not None)
    start = trimmed_to if since is None else since.seq
    return Page(
        topic=topic,
        since=top.seq if reason else start,
        mid=(top.mid if reason else mid_at_since) or "",
        top=top,
        trimmed_to=trimmed_to,
        reason=reason,
        events=events,
    )


def tops(session: Session, topics: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Epoch and top of each topic that has a log, after numbering what waits: the sweep's read."""
    names = list(topics)
    if not names:
        return {}
    params = {f"t{index}": name for index, name in enumerate(names)}
    among = ", ".join(f"%(t{index})s" for index in range(len(names)))
    waiting = session.rows(
        "SELECT DISTINCT topic FROM channels_celery_event"
        f" WHERE seq IS NULL AND topic IN ({among})",
        params,
    )
    for (topic,) in waiting:
        numbering.number(session, topic)
    rows = session.rows(
        f"SELECT name, epoch, seq FROM channels_celery_topic WHERE name IN ({among})", params
    )
    return {name: (epoch, seq) for name, epoch, seq in rows}


def position(topic: str) -> Position:
    """Where the topic is now: read it first, then the state that a page shows."""
    with session() as current:
        return read(current, topic, None, 0).top


def _rows(session: Session, topic: str, since: Position | None, limit: int) -> list[Row]:
    start = 0 if since is None else since.seq
    return session.rows(_READ, {"topic": topic, "since": start, "limit": limit})


def _judge(since: Position, top: Position, trimmed_to: int, known: str | None) -> str | None:
    if since.epoch != top.epoch and since.epoch:
        return "epoch"
    if since.seq > top.seq:
        return "rolled_back" if since.epoch else "epoch"
    if since.seq < trimmed_to:
        return "trimmed"
    if known is not None and since.mid and since.mid != known:
        return "rolled_back"
    if not since.epoch and since.seq and (not since.mid or known is None):
        # Nothing proves which log this position is of; that event may be trimmed.
        return "epoch"
    return None


def _event(topic: str, row: Row) -> Event:
    seq, mid, kind, ts, data, by = row
    return Event(topic=topic, seq=seq, mid=mid, type=kind, ts=ts, data=data, by=by)
