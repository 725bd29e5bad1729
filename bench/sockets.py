"""The rows about websockets alone: bare Channels beside `/ws/`."""

from __future__ import annotations

from collections.abc import Sequence

from . import live
from .course import Course
from .rows import Goal, Row

CHANNELS = "Channels"


async def fanout(course: Course) -> Sequence[Row]:
    sockets = course.options.sockets
    row = Row(
        what=f"one event to {sockets} sockets",
        unit="deliveries/s",
        goals=(Goal(against=CHANNELS, at_least=8.0),),
    )
    for _ in course.rounds("fanout"):
        row.add(CHANNELS, await live.channels_fanout(course.peers, sockets))
        for column, stack in course.ours.items():
            row.add(column, await live.our_fanout(stack, sockets))
    return (row,)


async def echo(course: Course) -> Sequence[Row]:
    row = Row(
        what=f"`/ws/` whisper there and back, {live.ECHO_SOCKETS} sockets",
        unit="/s",
        goals=(Goal(against=CHANNELS, at_least=1.5),),
    )
    for _ in course.rounds("echo"):
        row.add(CHANNELS, await live.channels_echo(course.peers, course.options.seconds))
        for column, stack in course.ours.items():
            row.add(column, await live.our_echo(stack, course.options.seconds))
    return (row,)
