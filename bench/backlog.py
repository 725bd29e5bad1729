"""A backlog with slow workers: how many messages the broker holds, and how fast it shrinks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from .course import Course
from .rows import Goal, Row
from .stacks import Stack

QUEUE = "celery"
LOOK_SECONDS = 0.1
#: Above the backlog itself: hints that may be repeated.
REPEATED = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    #: Jobs accepted a second while the backlog was sent.
    accepted: float
    #: The most messages that the broker held at any look.
    messages: int
    #: Jobs worked off a second after that.
    worked_off: float


async def watch(stack: Stack, jobs: int, seconds: float) -> Watched:
    """Send so many slow jobs, then watch broker and ledger for a while."""
    sending = asyncio.create_task(asyncio.to_thread(stack.control, "backlog", jobs))
    messages = 0
    while not sending.done():
        messages = max(messages, await _messages(stack))
    accepted = jobs / float(await sending)
    first, began = await _done(stack), time.monotonic()
    while time.monotonic() - began < seconds:
        messages = max(messages, await _messages(stack))
    worked_off = (await _done(stack) - first) / (time.monotonic() - began)
    return Watched(accepted=accepted, messages=messages, worked_off=worked_off)


async def backlog(course: Course) -> Sequence[Row]:
    jobs = course.options.backlog
    held = Row(
        what=f"backlog of {jobs:,}: most in the broker",
        unit="messages",
        goals=(Goal(at_most=jobs + REPEATED),),
    )
    done = Row(what="the same, worked off", unit="jobs/s", goals=(Goal(at_least=20),))
    accepted = Row(what="the same, accepted while it was sent", unit="jobs/s", goals=())
    for column, stack in course.ours.items():
        watched = await watch(stack, jobs, course.options.watch_seconds)
        held.add(column, watched.messages)
        done.add(column, watched.worked_off)
        accepted.add(column, watched.accepted)
    return held, done, accepted


async def _messages(stack: Stack) -> int:
    await asyncio.sleep(LOOK_SECONDS)
    return int(await asyncio.to_thread(stack.broker.llen, QUEUE))


async def _done(stack: Stack) -> int:
    return int(await asyncio.to_thread(stack.control, "count"))
