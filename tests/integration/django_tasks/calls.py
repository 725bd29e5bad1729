"""Task functions as an app writes them, in a module that nobody discovers."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from channels_celery import Fail, Retry
from channels_celery.jobs.django_tasks import JobContext, task


@task
def add(a: int, *, b: int = 1) -> dict[str, int]:
    return {"sum": a + b}


@task(queue_name="slow")
async def wait(text: str) -> str:
    return text


@task(takes_context=True)
def steps(context: JobContext, count: int) -> list[Any]:
    for step in range(1, count + 1):
        context.job.reply({"step": step}, key=step)
    return [context.attempt, context.task_result.id]


@task
def fail(how: str) -> None:
    if how == "fail":
        raise Fail("It can not be done.")
    if how == "retry":
        raise Retry("Not yet.", countdown=600)
    raise ZeroDivisionError("first line\nsecond: line\nlast")


@task
def no_json() -> object:
    return object()


def renamed_later() -> None:
    """A task that is kept under another name than its function's."""


other_name = task(renamed_later)


@task(takes_context=True)
def hold(context: JobContext, marker: str) -> int:
    """The first attempt says which process it is in, and stays."""
    if context.attempt == 1:
        Path(marker).write_text(str(os.getpid()))
        time.sleep(60)
    return int(context.attempt)
