"""Connections on which one statement is one transition.

Measured on PostgreSQL: 0.6 ms for a prepared statement on a persistent connection in
autocommit, 2.7 ms in `transaction.atomic()` through Django's cursor, 8 ms more to connect.
So ledger and log run on connections of their own; inside a caller's `atomic()` they join it.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import cache
from typing import Any, Protocol

from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from . import settings

Row = tuple[Any, ...]
Params = Mapping[str, Any]

#: Idle connections kept by a process: more only while more are in use at once.
IDLE_CONNECTIONS = 4
CONNECT_TIMEOUT_SECONDS = 5
STATEMENT_TIMEOUT_SECONDS = 5
#: A process that is stopped inside a transaction of ours loses it, and its locks.
IDLE_TRANSACTION_SECONDS = 10


class Session(Protocol):
    """A connection that runs the library's statements, written with `%(name)s` for each vendor."""

    vendor: str
    #: Inside a caller's transaction: its commit is not ours.
    joined: bool

    def rows(self, sql: str, params: Params) -> list[Row]:
        """Run one statement; all its rows."""

    def transaction(self) -> AbstractContextManager[None]:
        """Several statements as one; inside a caller's transaction a savepoint, inside our own
        part of it: an error that passes through ends the whole."""

    def relaxed(self) -> AbstractContextManager[None]:
        """What is committed within outlives any killed process, but perhaps no power cut.

        On SQLite; on PostgreSQL a statement says so itself. Not inside a caller's transaction.
        """

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` once what was written so far is committed: at once in autocommit."""


class Own:
    """A session on a connection of the library's own, in autocommit."""

    joined = False

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self._wrapper = _connect(alias)
        self.vendor = self._wrapper.vendor
        self._raw: Any = self._wrapper.connection
        self._waiting: list[Callable[[], None]] | None = None
        self._synchronous = _synchronous(self._raw) if self.vendor == "sqlite" else None

    def rows(self, sql: str, params: Params) -> list[Row]:
        with self._wrapper.wrap_database_errors:
            if self.vendor == "sqlite":
                # RETURNING commits only when all rows are fetched.
                return self._raw.execute(_colons(sql), params).fetchall()
            cursor = _server_side_cursor(self._raw)
            cursor.execute(sql, params)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._waiting is not None:
            yield
            return
        self.rows("BEGIN IMMEDIATE" if self.vendor == "sqlite" else "BEGIN", {})
        waiting: list[Callable[[], None]] = []
        self._waiting = waiting
        try:
            yield
            self.rows("COMMIT", {})
        except BaseException:
            self._rollback()
            raise
        finally:
            self._waiting = None
        for action in waiting:
            action()

    @contextmanager
    def relaxed(self) -> Iterator[None]:
        if self._synchronous is None or self._waiting is not None:
            yield
            return
        self._raw.execute("PRAGMA synchronous = NORMAL")
        try:
            yield
        finally:
            self._raw.execute(f"PRAGMA synchronous = {self._synchronous}")

    def after_commit(self, action: Callable[[], None]) -> None:
        if self._waiting is None:
            action()
        else:
            self._waiting.append(action)

    def _rollback(self) -> None:
        # A broken connection has rolled back by itself; the error that matters is on its way.
        with suppress(DatabaseError):
            self.rows("ROLLBACK", {})

    def close(self) -> None:
        self._wrapper.close()


class Joined:
    """A session in the transaction that is open on the current thread."""

    joined = True

    def __init__(self, wrapper: BaseDatabaseWrapper) -> None:
        self._wrapper = wrapper
        self.vendor = wrapper.vendor

    def rows(self, sql: str, params: Params) -> list[Row]:
        with self._wrapper.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall()) if cursor.description else []

    def transaction(self) -> AbstractContextManager[None]:
        return transaction.atomic(using=self._wrapper.alias)

    def relaxed(self) -> AbstractContextManager[None]:
        return nullcontext()

    def after_commit(self, action: Callable[[], None]) -> None:
        transaction.on_commit(action, using=self._wrapper.alias, robust=True)


class _Pool:
    """Idle own sessions of this process; a forked child starts with none.

    Each is lent for its own database alone: tests may set `DATABASE` anew while some are idle.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Own] = []
        self._process = os.getpid()

    @contextmanager
    def lend(self) -> Iterator[Own]:
        own = self._take()
        try:
            yield own
        except BaseException:
            # A connection in an unknown state is not lent again.
            own.close()
            raise
        self._give_back(own)

    def _take(self) -> Own:
        alias = settings.current().DATABASE
        with self._lock:
            if self._process != os.getpid():
                # The parent's connections: never touched, not even to close them.
                _abandoned.append(self._idle)
                self._idle, self._process = [], os.getpid()
            for place, own in enumerate(self._idle):
                if own.alias == alias:
                    return self._idle.pop(place)
        return Own(alias)

    def _give_back(self, own: Own) -> None:
        with self._lock:
            if len(self._idle) < IDLE_CONNECTIONS:
                self._idle.append(own)
                return
        own.close()

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for own in idle:
            own.close()


_pool = _Pool()
_abandoned: list[list[Own]] = []


@contextmanager
def session() -> Iterator[Session]:
    """The session of the next transition: the caller's transaction, else one of our own."""
    wrapper = connections[settings.current().DATABASE]
    if wrapper.in_atomic_block:
        yield Joined(wrapper)
        return
    with _pool.lend() as own:
        yield own


def close_idle() -> None:
    """Close this process's idle connections: before a fork on SQLite, and at the end of tests."""
    _pool.close()


def _connect(alias: str) -> BaseDatabaseWrapper:
    """An unregistered connection: Celery's fix-up and `close_old_connections` never see it."""
    wrapper = connections.create_connection(alias)
    given = wrapper.settings_dict
    wrapper.settings_dict = _own_settings(given, wrapper.vendor)
    wrapper.inc_thread_sharing()
    with wrapper.wrap_database_errors:
        wrapper.connect()
        if wrapper.vendor == "postgresql":
            _prepare(wrapper.connection, pooled=given.get("DISABLE_SERVER_SIDE_CURSORS", False))
    return wrapper


def _prepare(raw: Any, *, pooled: bool) -> None:
    """Make the most of a connection that lasts.

    Strings carry their type, so that one parameter may stand in several places of a statement.
    `pooled`: behind a transaction pooler neither prepared statements nor settings hold.
    """
    from psycopg.types.string import StrDumper

    raw.adapters.register_dumper(str, StrDumper)
    if not pooled:
        raw.prepare_threshold = 2
        raw.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT_SECONDS}s'")
        idle = f"'{IDLE_TRANSACTION_SECONDS}s'"
        raw.execute(f"SET idle_in_transaction_session_timeout = {idle}")


def _synchronous(raw: Any) -> int | None:
    """How much SQLite syncs, where less is safe: a write-ahead log that is synced fully."""
    ((mode,),) = raw.execute("PRAGMA journal_mode").fetchall()
    ((level,),) = raw.execute("PRAGMA synchronous").fetchall()
    return level if mode == "wal" and level > 1 else None


def _own_settings(given: Mapping[str, Any], vendor: str) -> dict[str, Any]:
    options = {key: value for key, value in given["OPTIONS"].items() if key != "pool"}
    if vendor == "postgresql":
        options.setdefault("connect_timeout", CONNECT_TIMEOUT_SECONDS)
    # A project that commits by hand would leave our statements in a transaction without end.
    return {**given, "OPTIONS": options, "CONN_MAX_AGE": None, "AUTOCOMMIT": True}


def _server_side_cursor(raw: Any) -> Any:
    from psycopg import Cursor

    return Cursor(raw)


@cache
def _colons(sql: str) -> str:
    return re.sub(r"%\((\w+)\)s", r":\1", sql).replace("%%", "%")


__all__ = ["DatabaseError", "Session", "close_idle", "session"]
