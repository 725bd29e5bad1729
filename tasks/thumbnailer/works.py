"""What the ledger knows of the work on images."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from channels_celery import clock
from channels_celery.database import session
from channels_celery.models import Job

from .models import Image

#: What a handler says of the file itself: doing the same again would end the same.
VERDICT = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """An image's job: its state, and what the page tells of it while it is not done.

    `ready` is since when, or from when on, it may run: milliseconds on the database's clock.
    """

    state: str
    fence: int
    attempt: int
    max_attempts: int
    ready: int
    progress: list[int] | None = None
    error: dict[str, str] | None = None


def works_of(images: Iterable[Image]) -> dict[UUID, Work]:
    """The work on each image, by job; a job that has been pruned is missing."""
    jobs = Job.objects.filter(pk__in=[image.job for image in images])
    return {job.pk: _work(job) for job in jobs}


def as_json(works: dict[UUID, Work]) -> dict[str, Any]:
    """The works and the clock that they go by."""
    return {"now": now(), "by_job": {str(job): asdict(work) for job, work in works.items()}}


def now() -> int:
    """The present on the database's clock."""
    with session() as current:
        return int(current.rows(f"SELECT {clock.now(current.vendor)}", {})[0][0])


def can_help(state: str, error: dict[str, str] | None) -> bool:
    """Whether trying again can help: circumstances change, a file does not."""
    return state == "failed" and (error or {}).get("code") != VERDICT


def _work(job: Job) -> Work:
    return Work(
        state=job.state,
        fence=job.fence,
        attempt=job.attempt,
        max_attempts=job.max_attempts,
        ready=job.ready,
        progress=json.loads(job.progress) if job.progress else None,
        error=json.loads(job.error) if job.error and job.state == "failed" else None,
    )
