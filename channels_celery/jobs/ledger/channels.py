from __future__ import annotations

from channels_celery.database import Session
from channels_celery.jobs.hints import Hint

from .statements import identity, statement

_PAUSE = """
INSERT INTO channels_celery_channel (name, paused) VALUES (%(channel)s, true)
ON CONFLICT (name) DO UPDATE SET paused = true
"""
_RESUME = "UPDATE channels_celery_channel SET paused = false WHERE name = %(channel)s"

_RUNNING = """
SELECT count(*) FROM channels_celery_job WHERE channel = %(channel)s AND state = 'running'
"""
_NEXT = """
SELECT id, channel, fence, headers FROM channels_celery_job
WHERE channel = %(channel)s AND state IN ('queued', 'retrying') AND ready <= (SELECT {now})
ORDER BY ready LIMIT 1
"""


def pause(session: Session, channel: str) -> None:
    """Let no more jobs of the channel begin; those that run go on, messages are accepted."""
    session.rows(_PAUSE, {"channel": channel})


def resume(session: Session, channel: str) -> None:
    """Let the channel's jobs begin again; the reconciler repeats their hints."""
    session.rows(_RESUME, {"channel": channel})


def running(session: Session, channel: str) -> int:
    """How many jobs of the channel run."""
    ((count,),) = session.rows(_RUNNING, {"channel": channel})
    return int(count)


def next_waiting(session: Session, channel: str) -> Hint | None:
    """Where the channel's most urgent waiting job is."""
    for job, name, fence, headers in session.rows(statement(session, _NEXT), {"channel": channel}):
        return Hint(name, identity(job), fence, headers)
    return None
