"""The rows about jobs: from a browser through a worker and back."""

from __future__ import annotations

from collections.abc import Sequence

from . import trips
from .course import Course
from .rows import Goal, Row
from .trips import Way

GLUE, RUNWORKER, BARE = "glue", "runworker", "Celery, no reply"


async def jobs(course: Course) -> Sequence[Row]:
    o = course.options
    single = Row(
        what="round trip, one at a time, p50",
        unit="ms",
        goals=(Goal(against=GLUE, at_most=1.0),),
    )
    many = Row(
        what=f"{o.in_flight} in flight", unit="/s", goals=(Goal(against=GLUE, at_least=1.5),)
    )
    batched = Row(
        what=f"{o.in_flight} in flight, `batch`",
        unit="/s",
        goals=(Goal(against=GLUE, at_least=4.0), Goal(against=RUNWORKER, at_least=1.5)),
    )
    for _ in course.rounds("jobs"):
        for way in course.single():
            single.add(way.name, await trips.milliseconds(way, o.seconds))
        for way in course.single():
            many.add(way.name, await trips.per_second(way, o.seconds, o.in_flight))
        bare = Way(name=BARE, stack=course.peers, path="/bare/")
        many.add(BARE, await trips.without_answer(bare, o.seconds))
        for way in course.own_ways("/answer-batch/"):
            batched.add(way.name, await trips.per_second(way, o.seconds, o.in_flight))
    batched.values |= {name: many.values[name] for name in (GLUE, RUNWORKER)}
    return single, many, batched


async def burst(course: Course) -> Sequence[Row]:
    messages = course.options.burst
    row = Row(
        what=f"burst of {messages} messages", unit="answered", goals=(Goal(at_least=messages),)
    )
    # Once: `runworker` does not outlive it.
    for way in course.single():
        row.add(way.name, await trips.burst(way, messages))
    return (row,)
