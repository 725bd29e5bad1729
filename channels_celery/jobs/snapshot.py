from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from channels_celery import jsontext, settings
from channels_celery.topics import reading

from .models import Job
from .states import State

#: Elsewhere a row still holds the error of the attempt before.
_WITH_ERROR = (State.RETRYING, State.FAILED, State.CANCELLED)


def topic_of(job: UUID) -> str | None:
    """The topic a job was sent with, "" for none; None when there is no such job."""
    alias = settings.current().DATABASE
    return Job.objects.using(alias).filter(pk=job).values_list("topic", flat=True).first()


def snapshot(job: UUID) -> dict[str, Any] | None:
    """What is known of a job, with the keys of its events; None when there is no such job.

    `position` is where its topic was before the job was looked at: events from there on tell the
    rest, and those of before are part of the snapshot.
    """
    topic = topic_of(job)
    if topic is None:
        return None
    position = asdict(reading.position(topic)) if topic else None
    row = Job.objects.using(settings.current().DATABASE).filter(pk=job).first()
    if row is None:
        return None
    return {**described(row), "position": position}


def described(row: Job) -> dict[str, Any]:
    """A job's row as JSON values: what people may see, without message and traceback."""
    known = {
        "job": str(row.pk),
        "channel": row.channel,
        "state": row.state,
        "fence": row.fence,
        "attempt": row.attempt,
        "max_attempts": row.max_attempts,
        "topic": row.topic or None,
        "created": row.created,
        "started": row.started,
        "finished": row.finished,
    }
    if row.progress:
        known["progress"] = jsontext.load(row.progress)
    if row.error and row.state in _WITH_ERROR:
        known["error"] = jsontext.load(row.error)
    if row.state == State.RETRYING:
        known["next_at"] = row.ready
    if row.state == State.SUCCEEDED:
        known["result"] = None if row.result is None else jsontext.load(row.result)
    return known
