from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from channels_celery import jsontext
from channels_celery.database import Session

from .statements import statement

#: A worker that has not beaten for so long is gone.
DEAD_MS = 15_000

_BEAT = """
INSERT INTO channels_celery_worker (id, host, pid, slots, queues, channels, started, beat)
VALUES (%(id)s, %(host)s, %(pid)s, %(slots)s, %(queues)s, %(channels)s, {now}, {now})
ON CONFLICT (id) DO UPDATE SET beat = excluded.beat, queues = excluded.queues,
  channels = excluded.channels, slots = excluded.slots
"""
_FORGET = "DELETE FROM channels_celery_worker WHERE beat < {now} - %(forget_ms)s"
_LEAVE = "DELETE FROM channels_celery_worker WHERE id = %(id)s"
_LIVE = """
SELECT id, host, pid, slots, queues, channels FROM channels_celery_worker
WHERE beat > {now} - %(dead_ms)s ORDER BY id
"""
#: Rows of dead workers are kept so long, for the operator to see.
_FORGET_MS = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveWorker:
    """A Celery worker's main process that beats."""

    id: str
    host: str
    pid: int
    slots: int
    queues: Collection[str]
    channels: Collection[str]


def beat(session: Session, worker: LiveWorker) -> None:
    """Say that the worker lives and what it can do."""
    params = {
        "id": worker.id,
        "host": worker.host,
        "pid": worker.pid,
        "slots": worker.slots,
        "queues": jsontext.dump(sorted(worker.queues), name="queues", limit=100_000),
        "channels": jsontext.dump(sorted(worker.channels), name="channels", limit=100_000),
    }
    session.rows(statement(session, _BEAT), params)
    session.rows(statement(session, _FORGET), {"forget_ms": _FORGET_MS})


def leave(session: Session, worker: str) -> None:
    session.rows(_LEAVE, {"id": worker})


def live_workers(session: Session) -> list[LiveWorker]:
    """Every worker that has beaten lately, in the order of their ids."""
    rows = session.rows(statement(session, _LIVE), {"dead_ms": DEAD_MS})
    return [
        LiveWorker(
            id=identity,
            host=host,
            pid=pid,
            slots=slots,
            queues=frozenset(jsontext.load(queues)),
            channels=frozenset(jsontext.load(channels)),
        )
        for identity, host, pid, slots, queues, channels in rows
    ]
