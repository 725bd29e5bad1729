from __future__ import annotations

import time
from typing import Any

from channels_celery import channel_task
from channels_celery.jobs.handle import Job

#: Two at once work off 40 jobs a second.
SLOW_SECONDS = 0.05


@channel_task("answer")
def answer(job: Job, message: dict[str, Any]) -> dict[str, int]:
    return {"n": message["n"]}


@channel_task("answer-batch", batch=50)
def answer_batch(job: Job, message: dict[str, Any]) -> dict[str, int]:
    return {"n": message["n"]}


@channel_task("slow")
def slow(job: Job, message: dict[str, Any]) -> None:
    time.sleep(SLOW_SECONDS)
