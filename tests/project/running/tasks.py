"""Channels for the tests of what happens while a job runs."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from celery import current_task
from django.db import connection, transaction
from django.utils import timezone

from channels_celery import Cancelled, Fail, channel_task
from channels_celery.jobs.handle import Job


def hold(message: dict[str, Any]) -> None:
    """Add a line to the marker file, and wait until it is removed."""
    marker = Path(message["marker"])
    with marker.open("a") as file:
        file.write(f"{os.getpid()}\n")
    while marker.exists():
        time.sleep(0.02)


@channel_task("polite")
def polite(job: Job, message: dict[str, Any]) -> None:
    """Agree to stop when asked."""
    while not job.cancelled:
        time.sleep(0.02)
    raise Cancelled


@channel_task("stubborn")
def stubborn(job: Job, message: dict[str, Any]) -> str:
    """Never look whether anybody wants it to stop."""
    hold(message)
    return "held"


@channel_task("limited", max_running=2)
def limited(job: Job, message: dict[str, Any]) -> int:
    """Work for a while, and count who works at the same time."""
    mine = Path(message["folder"]) / str(job.id)
    mine.touch()
    time.sleep(message["seconds"])
    together = len(list(mine.parent.iterdir()))
    mine.unlink()
    return together


@channel_task("tiny", batch=16, max_retries=0)
def tiny(job: Job, message: dict[str, Any]) -> int:
    """Work that is smaller than the Celery task around it."""
    if message.get("by") == "fail":
        raise Fail("This one can not.")
    if message.get("by") == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if message.get("by") == "wait":
        time.sleep(2)
    return int(message["n"])


@channel_task("small", batch=16, retry_backoff=False, default_retry_delay=0.2)
def small(job: Job, message: dict[str, Any]) -> int:
    """Another run harms nobody."""
    return int(message["n"])


@channel_task("settled", retry_backoff=False, default_retry_delay=0.2)
def settled(job: Job, message: dict[str, Any]) -> None:
    """Write a row and the outcome together; a second one would be refused."""
    with transaction.atomic():
        row = (str(job.id), "", timezone.now())
        connection.cursor().execute("INSERT INTO django_session VALUES (%s, %s, %s)", row)
        job.succeed({"attempt": job.attempt})


@channel_task("told")
def told(job: Job, message: dict[str, Any]) -> list[Any]:
    """What this job and its Celery task know of the sender."""
    return [job.headers.get("tenant"), current_task.request.headers.get("tenant")]
