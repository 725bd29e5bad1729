"""Removing events that their rule no longer keeps, in small steps, so that nothing else waits.

A topic without events keeps its row for a month, so that who followed it goes on where it was;
what is published after that begins a new life, with an epoch of its own.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from channels_celery.clock import now
from channels_celery.database import Session

from . import access, chores, numbering

CHORE = "trim"
#: Between two passes over all topics.
PASS_SECONDS = 60.0
#: How long one step may go on.
BUDGET_SECONDS = 0.1
#: Topics of one look.
TOPICS = 200
#: Events removed by one transaction: its topic is locked for a few milliseconds.
CHUNK = 500
#: How long the row of a topic without events is kept.
EMPTY_MS = 30 * 86_400_000
#: An event that has no number by then was left by a crash.
LEFT_MS = 60_000
_HOUR_MS = 3_600_000

_LOOK = """
SELECT t.name, t.epoch, t.seq, t.trimmed_to, t.emptied,
  (SELECT e.seq FROM channels_celery_event e WHERE e.topic = t.name AND e.seq IS NOT NULL
   ORDER BY e.seq LIMIT 1),
  (SELECT e.ts FROM channels_celery_event e WHERE e.topic = t.name AND e.seq > t.trimmed_to
   ORDER BY e.seq LIMIT 1),
  {now}
FROM channels_celery_topic t WHERE t.name > %(after)s ORDER BY t.name LIMIT %(limit)s
"""
_NEXT = """
SELECT seq, ts FROM channels_celery_event
WHERE topic = %(topic)s AND seq > %(from)s ORDER BY seq LIMIT %(limit)s
"""
_CUT = """
UPDATE channels_celery_topic
SET trimmed_to = %(cut)s, emptied = CASE WHEN seq = %(cut)s THEN {now} END
WHERE name = %(topic)s AND epoch = %(epoch)s AND trimmed_to = %(from)s RETURNING name
"""
_REMOVE = """
DELETE FROM channels_celery_event WHERE id IN (
  SELECT id FROM channels_celery_event WHERE topic = %(topic)s AND seq <= %(cut)s
  ORDER BY seq LIMIT %(limit)s)
RETURNING id
"""
_EMPTIED = """
UPDATE channels_celery_topic SET emptied = {now}
WHERE name = %(topic)s AND seq = trimmed_to AND emptied IS NULL
"""
_DROP = """
DELETE FROM channels_celery_topic WHERE name = %(topic)s AND epoch = %(epoch)s
  AND seq = trimmed_to AND emptied <= {now} - %(age)s
  AND NOT EXISTS (SELECT 1 FROM channels_celery_event WHERE topic = %(topic)s)
"""
_LEFT = """
SELECT DISTINCT topic FROM channels_celery_event
WHERE seq IS NULL AND ts < {now} - %(age)s LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class _Topic:
    name: str
    epoch: str
    seq: int
    trimmed_to: int
    emptied: int | None
    #: Of the first event there is, and of the first that is kept.
    first: int | None
    first_ts: int | None
    now: int


class Trimmer:
    """Passes over all topics, in steps; of all processes one at a time is at it."""

    def __init__(self) -> None:
        self._after: str | None = None
        # Not all at once after a restart.
        self._next = time.monotonic() + random.uniform(0.2, 1.0) * PASS_SECONDS  # noqa: S311

    @property
    def is_due(self) -> bool:
        return self._after is not None or time.monotonic() >= self._next

    def step(self, session: Session) -> bool:
        """Do a little of what is to be done, if it is time; True if there is more."""
        if not self.is_due:
            return False
        if self._after is None:
            self._next = time.monotonic() + PASS_SECONDS
            if not chores.take(session, CHORE, seconds=PASS_SECONDS):
                return False
            _number_left(session)
        else:
            chores.keep(session, CHORE, seconds=PASS_SECONDS)
        self._after = trim(session, self._after or "", BUDGET_SECONDS)
        return self._after is not None


def trim(session: Session, after: str, seconds: float) -> str | None:
    """Trim the topics after this name for so long; the last that is done, None: all are."""
    deadline = time.monotonic() + seconds
    while True:
        found = _look(session, after)
        for topic in found:
            if not _bring_down(session, topic, deadline):
                return after
            after = topic.name
        if len(found) < TOPICS:
            return None
        if time.monotonic() >= deadline:
            return after


def remove(session: Session, topic: str, cut: int) -> bool:
    """Remove a chunk of the events up to `cut`; False: there was no more than that."""
    params = {"topic": topic, "cut": cut, "limit": CHUNK}
    return len(session.rows(_REMOVE, params)) == CHUNK


def _look(session: Session, after: str) -> Sequence[_Topic]:
    sql = _LOOK.format(now=now(session.vendor))
    rows = session.rows(sql, {"after": after, "limit": TOPICS})
    return [_Topic(*row) for row in rows]


def _bring_down(session: Session, topic: _Topic, deadline: float) -> bool:
    """Whether the topic is done; at least a chunk is."""
    if topic.first is not None and topic.first <= topic.trimmed_to:
        # What a deletion that was broken off has left.
        while remove(session, topic.name, topic.trimmed_to):
            if time.monotonic() >= deadline:
                return False
    if topic.seq == topic.trimmed_to:
        _forget(session, topic)
        return True
    rule = access.rule_of(topic.name)
    if rule is None:
        # It may be missing by mistake, and what is removed is gone.
        return True
    at_most = max(0, topic.seq - rule.keep) if rule.keep is not None else 0
    before = topic.now - int(rule.keep_hours * _HOUR_MS) if rule.keep_hours is not None else 0
    start = topic.trimmed_to
    if start >= at_most and (topic.first_ts or before) >= before:
        return True
    while (cut := _cut(session, topic, start, at_most, before)) is not None:
        start = cut
        if time.monotonic() >= deadline:
            return False
    return True


def _cut(session: Session, topic: _Topic, start: int, at_most: int, before: int) -> int | None:
    """Remove the next chunk of what is too much or too old; None: that was all."""
    params = {"topic": topic.name, "epoch": topic.epoch, "from": start, "limit": CHUNK}
    cut = start
    for seq, ts in session.rows(_NEXT, params):
        if seq > at_most and ts >= before:
            break
        cut = seq
    if cut == start:
        return None
    with session.transaction():
        sql = _CUT.format(now=now(session.vendor))
        # No row: another process was quicker.
        if not session.rows(sql, {**params, "cut": cut}):
            return None
        remove(session, topic.name, cut)
    return cut


def _forget(session: Session, topic: _Topic) -> None:
    params = {"topic": topic.name, "epoch": topic.epoch, "age": EMPTY_MS}
    if topic.emptied is None:
        session.rows(_EMPTIED.format(now=now(session.vendor)), params)
    elif topic.emptied <= topic.now - EMPTY_MS:
        session.rows(_DROP.format(now=now(session.vendor)), params)


def _number_left(session: Session) -> None:
    sql = _LEFT.format(now=now(session.vendor))
    for (topic,) in session.rows(sql, {"age": LEFT_MS, "limit": TOPICS}):
        numbering.number(session, topic)
