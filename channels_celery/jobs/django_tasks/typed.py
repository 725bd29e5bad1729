"""The framework's `task` as a type checker should see it: its tasks take a topic, their context
has a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Concatenate, Literal, ParamSpec, TypeVar, overload

    from .framework import Task
    from .tasks import JobContext

    P = ParamSpec("P")
    R = TypeVar("R")

    class TopicTask(Task[P, R]):
        """A LedgerTask, with the parameters and the result of its function."""

        def using(
            self,
            *,
            priority: int | None = None,
            queue_name: str | None = None,
            run_after: datetime | None = None,
            backend: str | None = None,
            topic: str | None = None,
        ) -> TopicTask[P, R]: ...

    @overload
    def task(function: Callable[P, R], /) -> TopicTask[P, R]: ...
    @overload
    def task(
        *,
        priority: int = ...,
        queue_name: str = ...,
        backend: str = ...,
        takes_context: Literal[True],
    ) -> Callable[[Callable[Concatenate[JobContext, P], R]], TopicTask[P, R]]: ...
    @overload
    def task(
        *,
        priority: int = ...,
        queue_name: str = ...,
        backend: str = ...,
        takes_context: Literal[False] = False,
    ) -> Callable[[Callable[P, R]], TopicTask[P, R]]: ...
    def task(*function: object, **options: object) -> object: ...

else:
    from .framework import task

__all__ = ["task"]
