from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from typing import Any

from .cork import Cork

logger = logging.getLogger("channels_celery.topics")

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]


class Outlet:
    """A socket's writing side: the server's own `send`, stepped by hand.

    Where the server writes at once (always on Daphne, on uvicorn until its buffer is full) no task
    and no turn of the loop is spent on a frame. Where it waits, one task awaits the rest, what is
    written meanwhile waits in order, and no other socket is held up.
    """

    __slots__ = ("_cork", "_drained", "_queue", "_send", "_task", "broken")

    def __init__(self, send: Send, drained: Callable[[], None], cork: Cork) -> None:
        self._send = send
        self._cork = cork
        self._drained = drained
        self._queue: deque[Message] = deque()
        self._task: asyncio.Task[None] | None = None
        #: The server refused a message: the connection is gone.
        self.broken = False

    @property
    def busy(self) -> bool:
        """The server has not taken all yet."""
        return self._task is not None

    def write(self, message: Message) -> None:
        """Hand a message to the server, after those that wait."""
        if self.broken:
            return
        if self._task is not None:
            self._queue.append(message)
            return
        steps = self._send(message).__await__()
        try:
            first = self._cork.first_step(steps)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001 - each server has its own for a socket that is gone
            self._fail(error)
            return
        self._task = asyncio.get_running_loop().create_task(self._drain(_Rest(steps, first)))

    async def _drain(self, rest: Awaitable[None]) -> None:
        try:
            await rest
            while self._queue:
                await self._send(self._queue.popleft())
        except Exception as error:  # noqa: BLE001
            self._fail(error)
        finally:
            self._task = None
        self._drained()

    def _fail(self, error: Exception) -> None:
        logger.debug("the server takes no more messages of a socket: %r", error)
        self.broken = True
        self._queue.clear()

    def abandon(self) -> None:
        """The connection is gone: nothing is written any more."""
        self.broken = True
        self._queue.clear()
        if self._task is not None:
            self._task.cancel()


class _Rest:
    """A coroutine that was stepped once, to be awaited from where it is."""

    __slots__ = ("_first", "_steps")

    def __init__(self, steps: Generator[Any, Any, None], first: Any) -> None:
        self._steps = steps
        self._first = first

    def __await__(self) -> Generator[Any, Any, None]:
        wanted = self._first
        try:
            while True:
                try:
                    given = yield wanted
                except BaseException as error:  # noqa: BLE001 - handed on to where it belongs
                    wanted = self._steps.throw(error)
                else:
                    wanted = self._steps.send(given)
        except StopIteration:
            return
