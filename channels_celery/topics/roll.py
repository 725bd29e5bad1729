"""Who is present, in the database: rows of members, each of the hub that has their sockets.

A hub's members count while it beats. First is written and committed, then looked: of two hubs at
the same moment at least one sees what the other wrote. A look that fails is taken again with the
next try, so a join or leave may be told twice.

Who has left keeps a row, with `since` 0, until that has been told. If its hub dies before, the hub
that buries it inherits the row and tells.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from channels_celery.clock import now
from channels_celery.database import Row, Session

#: A hub that has not beaten for so long is dead, and so are its members.
DEAD_MS = 15_000
#: Members that a list names; `n` counts them all.
LISTED = 500

#: (topic, visitor's id)
Key = tuple[str, str]

_ROWS = {
    "postgresql": "jsonb_to_recordset(%(rows)s::jsonb) AS r(topic text, visitor text, name text)",
    "sqlite": "(SELECT json_extract(value, '$.topic') AS topic,"
    " json_extract(value, '$.visitor') AS visitor, json_extract(value, '$.name') AS name"
    " FROM json_each(%(rows)s)) AS r",
}
_LIVE = "JOIN channels_celery_hub h ON h.id = m.hub AND h.beat > {now} - %(dead)s AND m.since > 0"

_BEAT = "UPDATE channels_celery_hub SET beat = {now} WHERE id = %(hub)s RETURNING id"
_BEGIN = "INSERT INTO channels_celery_hub (id, beat) VALUES (%(hub)s, {now})"
_ENTER = """
INSERT INTO channels_celery_member (topic, visitor, hub, name, since)
SELECT r.topic, r.visitor, %(hub)s, r.name, {now} FROM {rows} WHERE true
ON CONFLICT (topic, visitor, hub) DO UPDATE SET name = excluded.name,
  since = coalesce(nullif(channels_celery_member.since, 0), excluded.since)
"""
# Whoever was there before, on another hub, was told of then.
_JOINED = """
SELECT mine.topic, mine.visitor, mine.name FROM channels_celery_member mine
WHERE mine.hub = %(hub)s AND (mine.topic, mine.visitor) IN (SELECT r.topic, r.visitor FROM {rows})
  AND NOT EXISTS (
    SELECT 1 FROM channels_celery_member m {live}
    WHERE m.topic = mine.topic AND m.visitor = mine.visitor
      AND (m.since < mine.since OR (m.since = mine.since AND m.hub < mine.hub)))
"""
_LEAVE = """
UPDATE channels_celery_member SET since = 0
WHERE hub = %(hub)s AND (topic, visitor) IN (SELECT r.topic, r.visitor FROM {rows})
"""
_GONE = """
SELECT topic, visitor, name FROM channels_celery_member WHERE hub = %(hub)s AND since = 0
"""
_FORGET = """
DELETE FROM channels_celery_member WHERE hub = %(hub)s AND since = 0
  AND (topic, visitor) IN (SELECT r.topic, r.visitor FROM {rows})
"""
_STILL = """
SELECT DISTINCT m.topic, m.visitor FROM channels_celery_member m {live}
WHERE (m.topic, m.visitor) IN (SELECT r.topic, r.visitor FROM {rows})
"""
_BURY = "DELETE FROM channels_celery_hub WHERE beat < {now} - %(dead)s RETURNING id"
# Whoever has a row of the heir already is present by it, or has left it too.
_INHERIT = """
INSERT INTO channels_celery_member (topic, visitor, hub, name, since)
SELECT topic, visitor, %(hub)s, name, 0 FROM channels_celery_member WHERE hub = %(buried)s
ON CONFLICT (topic, visitor, hub) DO NOTHING
"""
_CLEAR = "DELETE FROM channels_celery_member WHERE hub = %(buried)s"
_COUNT = """
SELECT m.topic, count(DISTINCT m.visitor) FROM channels_celery_member m {live}
WHERE m.topic IN (SELECT r.topic FROM {rows}) GROUP BY m.topic
"""
_LIST = """
SELECT m.visitor, max(m.name) FROM channels_celery_member m {live}
WHERE m.topic = %(topic)s GROUP BY m.visitor ORDER BY min(m.since), m.visitor LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Person:
    """A member: its visitor's id and name."""

    topic: str
    id: str
    name: str

    @property
    def key(self) -> Key:
        return self.topic, self.id

    @property
    def shown(self) -> dict[str, str]:
        """As others see it."""
        return {"id": self.id, "name": self.name}


def beat(session: Session, hub: str) -> bool:
    """The hub lives; False: it was taken for dead, or begins, and none of its rows are there."""
    if _run(session, _BEAT, hub=hub):
        return True
    _run(session, _BEGIN, hub=hub)
    return False


def enter(session: Session, hub: str, people: Sequence[Person]) -> list[Person]:
    """These are present by this hub; returns who was not before."""
    _run(session, _ENTER, people, hub=hub)
    return [Person(*row) for row in _run(session, _JOINED, people, hub=hub)]


def leave(session: Session, hub: str, people: Sequence[Person]) -> None:
    """These are no longer present by this hub; done again, it changes nothing."""
    _run(session, _LEAVE, people, hub=hub)


def bury(session: Session, hub: str) -> None:
    """Remove the hubs that are dead: their members have left this hub."""
    with session.transaction():
        for (buried,) in _run(session, _BURY):
            _run(session, _INHERIT, hub=hub, buried=buried)
            _run(session, _CLEAR, buried=buried)


def gone(session: Session, hub: str) -> list[Person]:
    """Who has left this hub and was not forgotten yet."""
    return [Person(*row) for row in _run(session, _GONE, hub=hub)]


def forget(session: Session, hub: str, people: Sequence[Person]) -> None:
    """It was told that these have left this hub; who has come back stays."""
    _run(session, _FORGET, people, hub=hub)


def absent(session: Session, people: Sequence[Person]) -> list[Person]:
    """Who of these is present by no hub at all."""
    if not people:
        return []
    still = {(topic, visitor) for topic, visitor in _run(session, _STILL, people)}
    return [one for one in people if one.key not in still]


def count(session: Session, topics: Iterable[str]) -> dict[str, int]:
    """How many are present on each topic."""
    asked = [Person(topic, "", "") for topic in topics]
    return dict.fromkeys((one.topic for one in asked), 0) | dict(
        [(topic, n) for topic, n in _run(session, _COUNT, asked)] if asked else []
    )


def listed(session: Session, topic: str) -> list[Person]:
    """Who is present, the longest first."""
    rows = _run(session, _LIST, topic=topic, limit=LISTED)
    return [Person(topic, *row) for row in rows]


def _run(session: Session, sql: str, people: Sequence[Person] = (), **params: object) -> list[Row]:
    clock = now(session.vendor)
    statement = sql.format(now=clock, rows=_ROWS[session.vendor], live=_LIVE.format(now=clock))
    rows = [{"topic": one.topic, "visitor": one.id, "name": one.name} for one in people]
    return session.rows(statement, {**params, "rows": json.dumps(rows), "dead": DEAD_MS})
