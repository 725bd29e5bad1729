from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from channels_celery.errors import DatabaseAway

from . import sessions
from .access import Visitor
from .lookup import Lookup
from .visitors import visitor_of_scope

Scope = Mapping[str, Any]
#: Who is at a socket, or why nobody can say.
Answer = Visitor | Exception
Ask = Callable[[Sequence[Scope]], Awaitable[list[Answer]]]

#: Sockets of one question.
TOGETHER = 64


class Greetings:
    """Who is at new sockets: the first is asked about at once, those that come meanwhile together.

    So a storm of reconnects costs a few questions. Each answer is its own: one socket's wrong
    token is nobody else's.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._waiting: deque[tuple[Scope, asyncio.Future[Visitor]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def visitor(self, scope: Scope) -> Visitor:
        """Who is at this socket; raises what its own answer is otherwise."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Visitor] = loop.create_future()
        self._waiting.append((scope, answer))
        if self._task is None:
            self._task = loop.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                count = min(TOGETHER, len(self._waiting))
                some = [self._waiting.popleft() for _ in range(count)]
                answers = await self._answers([scope for scope, _ in some])
                for (_, future), answer in zip(some, answers, strict=True):
                    _give(future, answer)
        finally:
            self._task = None

    async def _answers(self, scopes: Sequence[Scope]) -> Sequence[Answer]:
        try:
            return await self._ask(scopes)
        except Exception as error:  # noqa: BLE001 - it is each one's answer
            if isinstance(error, DatabaseAway) or len(scopes) == 1:
                return [error] * len(scopes)
            # What one of them came with may not harm the others.
            return [(await self._answers([scope]))[0] for scope in scopes]


def visitors_of(scopes: Sequence[Scope]) -> list[Answer]:
    """Who is at each of these sockets, for a thread that may wait for the database.

    Raises DatabaseAway when nobody can say of any.
    """
    keys = {key for scope in scopes if (key := sessions.key_of(scope)) is not None}
    lookup = Lookup(keys) if len(scopes) > 1 else Lookup()
    return [_visitor(scope, lookup) for scope in scopes]


def _visitor(scope: Scope, lookup: Lookup) -> Answer:
    try:
        return visitor_of_scope(scope, lookup)
    except DatabaseAway:
        raise
    except Exception as error:  # noqa: BLE001 - raised again where this one is greeted
        return error


def _give(future: asyncio.Future[Visitor], answer: Answer) -> None:
    if future.done():
        # Its socket has gone.
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
