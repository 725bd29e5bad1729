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
    seconds = course.options.seconds
    plain = Row(
        what=f"plain echo of Channels, {live.ECHO_SOCKETS} sockets",
        unit="/s",
        goals=(Goal(against=CHANNELS, at_least=0.95),),
    )
    whisper = Row(
        what=f"`/ws/` whisper there and back, {live.ECHO_SOCKETS} sockets",
        unit="/s",
        goals=(Goal(against=CHANNELS, at_least=1.5),),
    )
    for _ in course.rounds("echo"):
        bare = await live.plain_echo(course.peers, seconds)
        for row in (plain, whisper):
            row.add(CHANNELS, bare)
        for column, stack in course.ours.items():
            plain.add(column, await live.plain_echo(stack, seconds))
            whisper.add(column, await live.our_echo(stack, seconds))
    return plain, whisper


async def publishes(course: Course) -> Sequence[Row]:
    """No websocket hears them: what the log itself takes."""
    alone = Row(what="durable publishes, one at a time", unit="/s", goals=())
    together = Row(what="the same, 64 async senders", unit="/s", goals=())
    for _ in course.rounds("publishes"):
        for column, stack in course.ours.items():
            count = course.options.publishes
            for row, command in ((alone, "publish"), (together, "publish_together")):
                row.add(column, count / float(stack.control(command, count)))
    return alone, together
