from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self, cast

from channels_celery.jobs.handle import Job

from .framework import AnyContext, AnyTask


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTask(AnyTask):
    """A task that runs as a job. With a `topic`, its events go there as those of any job."""

    topic: str | None = None

    def using(self, *, topic: str | None = None, **changes: Any) -> Self:
        """The same task with other values: those of the framework, and the topic that hears."""
        # Without arguments, super() finds no class that dataclass has made anew for its slots.
        changed = cast(Self, super(LedgerTask, self).using(**changes))
        return changed if topic is None else replace(changed, topic=topic)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext(AnyContext):  # type: ignore[misc]  # the stubs do not say that it is frozen
    """The context of a task, and the job that it runs as.

    `context.job.progress(2, 5)` and `context.job.reply(...)` reach the task's topic,
    `context.job.cancelled` says that somebody wants it to stop.
    """

    job: Job
