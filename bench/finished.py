"""The ledger beside itself: one with a million finished jobs, and one that began empty."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack

from . import trips
from .course import Course
from .rows import Goal, Row
from .trips import Way

EMPTY = "empty"


async def finished(course: Course) -> Sequence[Row]:
    o = course.options
    row = Row(
        what=f"{o.in_flight} in flight over {o.finished:,} finished jobs",
        unit="/s",
        goals=(Goal(against=EMPTY, at_least=0.85),),
    )
    with ExitStack() as running:
        # They take turns: what the machine loses meanwhile, both lose.
        ways = [
            Way(
                name=f"{EMPTY}, {name}",
                stack=running.enter_context(course.fresh(name)),
                path="/answer/",
            )
            for name in course.ours
        ]
        for way in ways:
            await trips.first(way)
        for stack in course.ours.values():
            await asyncio.to_thread(stack.control, "fill", o.finished)
        ways += course.own_ways("/answer/")
        for _ in course.rounds("finished"):
            for way in ways:
                row.add(way.name, await trips.per_second(way, o.seconds, o.in_flight))
    return (row,)
