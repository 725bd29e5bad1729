from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, InternalError, OperationalError, connections

from . import database, settings
from .errors import DatabaseAway

T = TypeVar("T")

#: What a broken connection raises. InternalError: PostgreSQL has ended a transaction of ours that
#: went on to nothing, because its process was stopped.
BROKEN = (OperationalError, InterfaceError, InternalError)
#: PostgreSQL's `in_failed_sql_transaction`.
_ABORTED = "25P02"
#: A statement that fails sooner met a connection that had broken while it was idle.
BROKEN_SECONDS = 1.0


def once_more(action: Callable[[], T]) -> T:
    """Run what is harmless twice; again, on a new connection, if its own had broken while idle.

    So the first call after the database came back finds it. Raises DatabaseAway when it does not
    answer, and at once inside a caller's transaction, which is lost.
    """
    began = time.monotonic()
    try:
        return action()
    except BROKEN as error:
        caller = connections[settings.current().DATABASE]
        if caller.in_atomic_block and _was_aborted(error):
            raise
        if caller.in_atomic_block or time.monotonic() - began > BROKEN_SECONDS:
            raise _away(error) from error
    caller.close_if_unusable_or_obsolete()
    database.close_idle()
    try:
        return action()
    except BROKEN as error:
        raise _away(error) from error


def _was_aborted(error: Exception) -> bool:
    """Whether a statement of the caller's own had failed before: the database does answer."""
    return getattr(error.__cause__, "sqlstate", None) == _ABORTED


def _away(error: Exception) -> DatabaseAway:
    alias = settings.current().DATABASE
    return DatabaseAway(
        f"The database {alias!r} does not answer, nothing is known to be stored: {error}"
    )
