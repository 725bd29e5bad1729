from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from channels_celery import Fail, Retry, channel_consumer, channel_task
from channels_celery.jobs.handle import Job
from tests.project.consumers import Counter, SlowCounter

channel_consumer("counter", Counter)
channel_consumer("slow-counter", SlowCounter, retry_backoff=False, default_retry_delay=0.2)


@channel_task("add")
def add(job: Job, message: dict[str, Any]) -> dict[str, Any]:
    return {"sum": message["a"] + message["b"], "attempt": job.attempt}


@channel_task("steps", queue="images")
def steps(job: Job, message: dict[str, Any]) -> dict[str, Any]:
    """Reply with each step; a marker file says that it runs and holds it until it is removed."""
    marker = Path(message["marker"]) if "marker" in message else None
    for step in range(1, 4):
        job.reply({"step": step}, key=step)
        job.progress(step, 3)
        if marker is not None and step == 2:
            with marker.open("a") as file:
                file.write(f"{os.getpid()}\n")
            while marker.exists():
                time.sleep(0.02)
    return {"steps": 3, "attempt": job.attempt}


@channel_task("flaky", max_retries=2, retry_backoff=False, default_retry_delay=0.2)
def flaky(job: Job, message: dict[str, Any]) -> str:
    """Fail by what the message names until the given attempt."""
    if job.attempt < message.get("until", 99):
        _fail(message["by"])
    return "done"


@channel_task("hung", time_limit=2, max_retries=0)
def hung(job: Job, message: dict[str, Any]) -> None:
    time.sleep(60)


@channel_task("lively")
async def lively(job: Job, message: dict[str, Any]) -> str:
    return "async"


def _fail(by: str) -> None:
    if by == "fail":
        raise Fail("This can not be done.")
    if by == "retry":
        raise Retry("Not yet.", countdown=0.1)
    if by == "error":
        raise RuntimeError("secret detail")
    if by == "memory":
        raise MemoryError
    if by == "exit":
        sys.exit(3)
    if by == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise Fail(f"unknown way to fail: {by}")
