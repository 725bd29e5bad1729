"""What a job of the framework carries: which task is called, with what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.module_loading import import_string

from channels_celery.errors import BadMessage

from .framework import AnyTask, InvalidTask, Task

#: The keys of its message.
_KEYS = {"task", "args", "kwargs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a task function."""

    path: str
    args: list[Any]
    kwargs: dict[str, Any]

    @property
    def message(self) -> dict[str, Any]:
        return {"task": self.path, "args": self.args, "kwargs": self.kwargs}

    def task(self) -> AnyTask:
        """The task that the path names; InvalidTask when there is another thing, or none."""
        try:
            found = import_string(self.path)
        except ImportError as error:
            raise InvalidTask(f"Task {self.path!r} is not in this process: {error}") from error
        if not isinstance(found, Task):
            raise InvalidTask(
                f"{self.path!r} is {type(found).__name__}, no task: workers find a task by its"
                " function's module and name, so keep the function's name for it."
            )
        return found


def read(message: dict[str, Any]) -> Call:
    """The call in a job's message; BadMessage for what this backend has not made."""
    fits = (
        set(message) == _KEYS
        and isinstance(message["task"], str)
        and isinstance(message["args"], list)
        and isinstance(message["kwargs"], dict)
    )
    if not fits:
        raise BadMessage(
            'message: expected {"task": path, "args": [...], "kwargs": {...}} as'
            " `task.enqueue(...)` makes it"
        )
    return Call(path=message["task"], args=message["args"], kwargs=message["kwargs"])


def check(message: dict[str, Any]) -> None:
    """Refuse before it is accepted what could not be called."""
    read(message)
