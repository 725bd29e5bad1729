"""For the tests of a project: what was sent, and running it in the test's own process.

Under `TestCase` everything happens in the transaction that the test rolls back; no broker, worker
or commit is needed. Messages and results go through the ledger, so what is not JSON fails here too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch
from uuid import UUID

from celery.exceptions import Retry as CeleryRetry
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

from . import database, ids, jsontext, settings
from .errors import Cancelled, ChannelsCeleryError, Fail, JobFailed, Retry
from .jobs import attempt, lease, losses, mirror
from .jobs.ledger import Claim
from .jobs.models import Job
from .jobs.states import WAITING

__all__ = ["Accepted", "EndlessJobs", "run_jobs", "sent"]

#: So many runs are no longer what a test means.
MOST_RUNS = 10_000
#: What a handler raises on purpose: part of the outcome, no error of the test.
_MEANT = (Cancelled, Fail, Retry)


class EndlessJobs(ChannelsCeleryError):
    """The jobs that ran sent others again and again: 10,000 runs and no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A message that was accepted, and what has become of it. `error` has a code and a message."""

    id: UUID
    channel: str
    message: dict[str, Any]
    topic: str
    reply_channel: str
    unique_key: str | None
    state: str
    attempt: int
    result: Any
    error: dict[str, str] | None


def sent(channel: str | None = None) -> list[Accepted]:
    """What was sent so far, to one channel or to all, in order."""
    found = _jobs().order_by("id")
    return [_accepted(job) for job in (found.filter(channel=channel) if channel else found)]


def run_jobs(*, raise_errors: bool = True) -> list[Accepted]:
    """Run all that waits, what is sent meanwhile too, until every job that can end has its outcome.

    Nothing is waited for: a countdown has passed, a retry comes at once. Returns the jobs that ran,
    in the order in which they were sent. An exception that a handler did not mean (Fail, Retry and
    Cancelled are meant) is raised here once its attempt is recorded; with `raise_errors=False` it
    is retried and recorded as in a worker.
    """
    before = dict(_jobs().values_list("id", "fence"))
    tried: set[tuple[UUID, int]] = set()
    with _in_the_tests_transaction():
        while waiting := [job for job in _waiting() if job not in tried]:
            for job in waiting:
                tried.add(job)
                if len(tried) > MOST_RUNS:
                    raise EndlessJobs
                _run(*job, raise_errors=raise_errors)
    with database.session() as session:
        losses.expire(session)
    ran = _jobs().filter(attempt__gt=0).order_by("id")
    return [_accepted(job) for job in ran if job.fence != before.get(job.pk)]


def _jobs() -> QuerySet[Job]:
    return Job.objects.using(settings.current().DATABASE)


def _waiting() -> list[tuple[UUID, int]]:
    return list(_jobs().filter(state__in=WAITING).order_by("id").values_list("id", "fence"))


def _run(job: UUID, fence: int, *, raise_errors: bool) -> None:
    """Do what a hint for this job would have a worker do."""
    channel = _jobs().values_list("channel", flat=True).get(pk=job)
    task = mirror.project_app().tasks[mirror.task_name(channel)]
    task.push_request(id=f"test-{ids.uuid7()}")
    try:
        attempt.run(task, str(job), fence)
    except (CeleryRetry, JobFailed) as ended:
        error = ended.exc if isinstance(ended, CeleryRetry) else ended.__cause__
        if raise_errors and isinstance(error, BaseException) and not isinstance(error, _MEANT):
            raise error from None
    finally:
        task.pop_request()


@contextmanager
def _in_the_tests_transaction() -> Iterator[None]:
    """Without what a worker does that would leave the test's transaction, or end it."""
    closes = patch.object(BaseDatabaseWrapper, "close_if_unusable_or_obsolete", lambda self: None)
    with patch.object(lease, "held", _never_renewed), closes:
        yield


@contextmanager
def _never_renewed(
    claim: Claim, on_progress: Callable[[tuple[int, int]], None]
) -> Iterator[lease.Lease]:
    """A lease without the thread that renews it, which sees nothing of the test's transaction."""
    yield lease.Lease(claim, on_progress)


def _accepted(job: Job) -> Accepted:
    return Accepted(
        id=job.pk,
        channel=job.channel,
        message=jsontext.load(job.message),
        topic=job.topic,
        reply_channel=job.reply_channel,
        unique_key=job.unique_key,
        state=job.state,
        attempt=job.attempt,
        result=None if job.result is None else jsontext.load(job.result),
        error=jsontext.load(job.error) if job.error else None,
    )
