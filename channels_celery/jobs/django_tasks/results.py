"""A job as the framework's `TaskResult`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from channels_celery import jsontext
from channels_celery.jobs.models import Job
from channels_celery.jobs.states import State

from .calls import Call
from .framework import AnyResult, AnyTask, TaskError, TaskResult, TaskResultStatus

#: What waits for another run is ready again; a cancelled task did not succeed.
_STATUS = {
    State.QUEUED: TaskResultStatus.READY,
    State.RETRYING: TaskResultStatus.READY,
    State.RUNNING: TaskResultStatus.RUNNING,
    State.SUCCEEDED: TaskResultStatus.SUCCESSFUL,
    State.FAILED: TaskResultStatus.FAILED,
    State.CANCELLED: TaskResultStatus.FAILED,
}
#: The last line at the margin that begins as an exception does, which is after all stack lines.
_RAISED = re.compile(r"^([A-Za-z_][\w.]*(?:\.<locals>[\w.]*)*)(?::|$)", re.MULTILINE)


def result(task: AnyTask, call: Call, backend: str, **more: Any) -> AnyResult:
    """A result with what every one has; `more` replaces the values of one that is not begun."""
    fields = {
        "id": "",
        "status": TaskResultStatus.READY,
        "enqueued_at": None,
        "started_at": None,
        "finished_at": None,
        "last_attempted_at": None,
        "errors": [],
        "worker_ids": [],
        **more,
    }
    return TaskResult(task=task, args=call.args, kwargs=call.kwargs, backend=backend, **fields)


def of(row: Job, task: AnyTask, call: Call, backend: str) -> AnyResult:
    """What the ledger knows of a task's run. Of several attempts it keeps the last one's error."""
    state = State(row.state)
    found = result(
        task,
        call,
        backend,
        id=str(row.pk),
        status=_STATUS[state],
        enqueued_at=moment(row.created),
        started_at=moment(row.started),
        last_attempted_at=moment(row.started),
        finished_at=moment(row.finished),
        errors=_errors(row, state),
        worker_ids=worker_ids(row.attempt, row.run),
    )
    if state is State.SUCCEEDED and row.result is not None:
        returned(found, jsontext.load(row.result))
    return found


def returned(found: AnyResult, value: Any) -> None:
    """Give a result its return value, as the framework's own backends do: it is frozen."""
    object.__setattr__(found, "_return_value", value)


def worker_ids(attempts: int, run: str) -> list[str]:
    """One an attempt, as the framework counts them; the ledger keeps the last one's."""
    earlier = [f"attempt {number}" for number in range(1, attempts)]
    return [*earlier, run] if attempts else []


def moment(milliseconds: int | None) -> datetime | None:
    """A time of the ledger as a datetime."""
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1_000, UTC)


def error_of(raised: BaseException, text: str) -> TaskError:
    kind = type(raised)
    return TaskError(exception_class_path=f"{kind.__module__}.{kind.__qualname__}", traceback=text)


def _errors(row: Job, state: State) -> list[TaskError]:
    if not row.error or state not in (State.RETRYING, State.FAILED, State.CANCELLED):
        return []
    words = jsontext.load(row.error)
    if not row.traceback:
        # Nothing was raised: it was cancelled while it waited, lost, or killed at its time limit.
        kind = "Cancelled" if state is State.CANCELLED else "JobFailed"
        return [
            TaskError(
                exception_class_path=f"channels_celery.errors.{kind}",
                traceback=f"{words['code']}: {words['message']}",
            )
        ]
    return [TaskError(exception_class_path=_raised(row.traceback), traceback=row.traceback)]


def _raised(text: str) -> str:
    """The class path in a traceback; the names of built-in ones stand there without a module."""
    _, _, end = text.rpartition("\n  ")
    _, _, margin = end.partition("\n")
    found = _RAISED.search(margin or text)
    path = found[1] if found else "Exception"
    return path if "." in path else f"builtins.{path}"
