"""Appending to the durable log: the only statements that add to Topic and Event.

Outside a transaction an event gets its `seq` in the one statement that stores it. Inside a
caller's, it is stored without and numbered right after commit, so that no topic is locked while
the caller's code runs. An event that finds unnumbered ones before it is numbered behind them.
"""

from __future__ import annotations

import secrets
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.db import IntegrityError

from channels_celery.clock import now
from channels_celery.database import Params, Row, Session

from . import doorbell, numbering
from .events import Draft, Event

TOPIC, EVENT = "channels_celery_topic", "channels_celery_event"

_SAME_MID = f"""EXISTS (SELECT 1 FROM {EVENT} e
    WHERE e.topic = first.topic AND e.visitor = %(event_visitor)s AND e.mid = %(event_mid)s)"""
_UNNUMBERED = f"""EXISTS (SELECT 1 FROM {EVENT} e WHERE e.topic = first.topic AND e.seq IS NULL)"""

#: PostgreSQL: any statement that returns a column `topic`, and its event, as one.
_APPEND_CTE = f"""
WITH first AS ({{statement}}),
bumped AS (
  INSERT INTO {TOPIC} AS t (name, epoch, seq, trimmed_to)
  SELECT first.topic, %(event_epoch)s, 1, 0 FROM first
  WHERE first.topic <> '' AND NOT {_SAME_MID} AND NOT {_UNNUMBERED}
  ON CONFLICT (name) DO UPDATE SET seq = t.seq + 1
  RETURNING t.seq),
logged AS (
  INSERT INTO {EVENT} (topic, seq, mid, visitor, type, data, by, ts)
  SELECT first.topic, (SELECT bumped.seq FROM bumped), %(event_mid)s, %(event_visitor)s,
         %(event_type)s, %(event_data)s, %(event_by)s, {now("postgresql")}
  FROM first WHERE first.topic <> '' AND NOT {_SAME_MID}
  RETURNING id, seq, ts)
SELECT logged.id, logged.seq, logged.ts, first.* FROM first LEFT JOIN logged ON true
"""

_STORE = f"""
INSERT INTO {EVENT} (topic, seq, mid, visitor, type, data, by, ts)
VALUES (%(event_topic)s, NULL, %(event_mid)s, %(event_visitor)s, %(event_type)s, %(event_data)s,
        %(event_by)s, {{now}})
ON CONFLICT (topic, visitor, mid) DO NOTHING RETURNING id, ts
"""

_FIND = f"""
SELECT seq, ts, type, data, by FROM {EVENT}
WHERE topic = %(topic)s AND visitor = %(visitor)s AND mid = %(mid)s
"""


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a draft: its event, and whether the log had it already."""

    event: Event
    duplicate: bool


@dataclass(frozen=True, slots=True)
class _Stored:
    id: int
    seq: int | None
    ts: int


def append(session: Session, draft: Draft) -> Appended:
    """Store an event; it is announced once committed. The same `mid` again stores nothing."""
    statement = {
        "postgresql": "SELECT %(event_topic)s::text AS topic",
        "sqlite": "SELECT %(event_topic)s AS topic",
    }[session.vendor]
    _, event = append_after(session, statement, {}, draft)
    if event is not None:
        return Appended(event, duplicate=False)
    found = known(session, draft)
    # Removed between the two statements, it is new.
    return append(session, draft) if found is None else Appended(found, duplicate=True)


def known(session: Session, draft: Draft) -> Event | None:
    """The log's event of the draft's visitor and `mid`; an unnumbered one is numbered."""
    event = _find(session, draft)
    if event is not None and event.seq is None and not session.joined:
        numbering.number(session, draft.topic)
        event = _find(session, draft)
    return event


def append_after(
    session: Session, statement: str, params: Params, draft: Draft
) -> tuple[Row | None, Event | None]:
    """Run `statement` and store its event, both or neither: how a transition is announced.

    The statement returns at most one row, whose first column, `topic`, wins over the draft's; an
    empty one stores no event. Returns the row (None: the statement changed nothing) and the new
    event (None: no topic, or the log has this `mid`). The event is announced once committed.
    """
    both = {**params, **_params(draft)}
    as_one = session.vendor == "postgresql" and not session.joined
    with nullcontext() if as_one else session.transaction():
        row, stored = (_as_one if as_one else _one_by_one)(session, statement, both)
        if row is None or stored is None:
            return row, None
        return row, _announced(session, replace(draft, topic=row[0]), stored)


def _announced(session: Session, draft: Draft, stored: _Stored) -> Event:
    event = Event(
        topic=draft.topic,
        seq=stored.seq,
        mid=draft.mid,
        type=draft.type,
        ts=stored.ts,
        data=draft.data,
        by=draft.by,
    )
    if session.joined:
        session.after_commit(partial(numbering.settle, event.topic))
        return event
    if event.seq is not None:
        session.after_commit(partial(doorbell.ring, event))
        return event
    # What waits before it is numbered with it, unless another process was quicker.
    numbered = numbering.number(session, event.topic)
    return numbered.get(stored.id) or _find(session, draft) or event


def _as_one(session: Session, statement: str, params: Params) -> tuple[Row | None, _Stored | None]:
    sql = _APPEND_CTE.format(statement=statement)
    try:
        rows = session.rows(sql, params)
    except IntegrityError:
        # Two with one `mid` at the same moment: the second look sees the first.
        rows = session.rows(sql, params)
    if not rows:
        return None, None
    identity, seq, ts, *row = rows[0]
    return tuple(row), None if identity is None else _Stored(identity, seq, ts)


def _one_by_one(
    session: Session, statement: str, params: Params
) -> tuple[Row | None, _Stored | None]:
    rows = session.rows(statement, params)
    if not rows or not rows[0][0]:
        return (rows[0] if rows else None), None
    store = _STORE.format(now=now(session.vendor))
    stored = session.rows(store, {**params, "event_topic": rows[0][0]})
    return rows[0], _Stored(stored[0][0], None, stored[0][1]) if stored else None


def _params(draft: Draft) -> dict[str, Any]:
    return {
        "event_topic": draft.topic,
        "event_mid": draft.mid,
        "event_visitor": draft.visitor,
        "event_type": draft.type,
        "event_data": draft.data,
        "event_by": draft.by,
        "event_epoch": secrets.token_hex(8),
    }


def _find(session: Session, draft: Draft) -> Event | None:
    wanted = {"topic": draft.topic, "visitor": draft.visitor, "mid": draft.mid}
    for seq, ts, kind, data, by in session.rows(_FIND, wanted):
        return Event(topic=draft.topic, seq=seq, mid=draft.mid, type=kind, ts=ts, data=data, by=by)
    return None
