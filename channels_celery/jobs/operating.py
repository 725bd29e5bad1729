"""What an operator does to jobs and channels, from the admin and from the command line."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError

from channels_celery import database, settings

from . import ledger
from .models import Job
from .states import State


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it for one job: whether it was done, and how to say so."""

    job: UUID
    ok: bool
    said: str


def retry(job: UUID) -> Done:
    """Accept a failed job again, under the same id."""
    try:
        with database.session() as session, session.transaction():
            accepted = ledger.redrive(session, job)
    except IntegrityError:
        return Done(job, False, "another open job has its unique key")
    if accepted:
        return Done(job, True, "accepted again")
    return Done(job, False, "no failed job has this id")


def cancel(job: UUID) -> Done:
    """Cancel a job that waits; ask the handler of one that runs to stop."""
    with database.session() as session:
        taken = ledger.cancel(session, job)
    if not taken:
        return Done(job, False, "no job without an outcome has this id")
    state = Job.objects.using(settings.current().DATABASE).values_list("state", flat=True)
    if state.filter(pk=job).first() == State.RUNNING:
        return Done(job, True, "asked to stop")
    return Done(job, True, "cancelled")


def pause(channel: str) -> None:
    """Let no more jobs of the channel begin; those that run go on."""
    with database.session() as session:
        ledger.pause(session, channel)


def resume(channel: str) -> None:
    """Let the channel's jobs begin again."""
    with database.session() as session:
        ledger.resume(session, channel)
