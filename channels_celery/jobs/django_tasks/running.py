"""Running a task of the framework as the handler of a channel."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable
from typing import Any

from django.utils import timezone

from channels_celery import jsontext
from channels_celery.jobs.handle import Job
from channels_celery.jobs.verdict import Ended, Succeeded, Verdict

from . import calls, results
from .framework import (
    AnyResult,
    AnyTask,
    TaskResultStatus,
    task_finished,
    task_started,
)
from .tasks import JobContext


class Runner:
    """The handler of one backend's channels: each job is one call of a task."""

    def __init__(self, backend: type[Any], alias: str) -> None:
        self._backend = backend
        self._alias = alias

    def run(self, job: Job, message: dict[str, Any]) -> Any | Awaitable[Any]:
        """Call the task; what it returns, awaitable or not, is the job's result."""
        call = calls.read(message)
        task = call.task()
        result = self._result(job, task, call, TaskResultStatus.RUNNING)
        task_started.send(self._backend, task_result=result)
        context = [JobContext(task_result=result, job=job)] if task.takes_context else []
        return task.func(*context, *call.args, **call.kwargs)

    def ended(self, job: Job, verdict: Verdict) -> None:
        """Send `task_finished` once the outcome is recorded; another run is to come otherwise."""
        if isinstance(verdict, Ended) and verdict.again_seconds is not None:
            return
        succeeded = isinstance(verdict, Succeeded)
        call = calls.read(job.claim.message)
        status = TaskResultStatus.SUCCESSFUL if succeeded else TaskResultStatus.FAILED
        result = self._result(job, call.task(), call, status, finished_at=timezone.now())
        if isinstance(verdict, Succeeded):
            results.returned(result, jsontext.load(verdict.text))
        else:
            text = "".join(traceback.format_exception(verdict.error))
            result.errors.append(results.error_of(verdict.error, text))
        task_finished.send(self._backend, task_result=result)

    def _result(
        self, job: Job, task: AnyTask, call: calls.Call, status: TaskResultStatus, **more: Any
    ) -> AnyResult:
        started = results.moment(job.claim.at)
        return results.result(
            task,
            call,
            self._alias,
            id=str(job.id),
            status=status,
            enqueued_at=results.moment(job.claim.created),
            started_at=started,
            last_attempted_at=started,
            worker_ids=results.worker_ids(job.attempt, job.claim.run),
            **more,
        )
