from __future__ import annotations

import os
import time
from typing import Any

from channels_celery import channel_task, topics
from channels_celery.jobs.handle import Job

#: Faults come often here: none may use a job's attempts up.
OPTIONS: dict[str, Any] = {
    "max_retries": 50,
    "retry_backoff": False,
    "default_retry_delay": 0.2,
}


@topics.rule("chaos.<slug:name>", keep=100_000)
def may_read(visitor: topics.Visitor, name: str) -> bool:
    return True


@channel_task("short", **OPTIONS)
def short(job: Job, message: dict[str, Any]) -> int:
    """Reply once, work for a while, and answer with the number that the client gave."""
    job.reply({"n": message["n"]}, key="begun")
    time.sleep(message.get("seconds", 0.0))
    return int(message["n"])


@channel_task("victim", **OPTIONS)
def victim(job: Job, message: dict[str, Any]) -> int:
    """Say who runs it, then wait to be killed; the next attempt is short."""
    job.reply({"pid": os.getpid(), "attempt": job.attempt})
    if job.attempt == 1:
        time.sleep(60)
    return job.attempt


@channel_task("slow")
def slow(job: Job, message: dict[str, Any]) -> None:
    """With four slots, twenty a second."""
    time.sleep(0.2)
