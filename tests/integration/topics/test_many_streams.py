"""Three hundred event streams on one server: what they hold of its machine and its database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.db import connections

from channels_celery import topics
from channels_celery.topics import pool

from .serving import Server, serving

TOPIC = "open.lobby"
STREAMS = 300
NAME = "streams"


@pytest.fixture(params=["daphne", "uvicorn"])
def alone(
    request: pytest.FixtureRequest, database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """A server that has served nobody: who came with a session leaves Django's own connections."""
    with ExitStack() as running:
        with monkeypatch.context() as named:
            named.setenv("PGAPPNAME", NAME)
            server = running.enter_context(
                serving(request.param, database, redis_url, SWEEP_SECONDS=0.2)
            )
        yield server


def test_three_hundred_streams_take_no_threads_and_no_connections(
    alone: Server, database: str
) -> None:
    follow_all(alone)
    # The rules ask no database: each thread of the pool has the log's connection alone.
    assert 0 < connections_of(alone, database) <= pool.THREADS
    # The hub's pool, the loop's own thread and the few that a server starts with.
    assert len(list(_place(alone, "task").iterdir())) <= pool.THREADS + 8


def follow_all(server: Server) -> None:
    """So many streams, all of which have an event that came while they were open."""
    topics.publish(TOPIC, "message", {"text": "first"})
    streams = [server.stream(f"{TOPIC}/") for _ in range(STREAMS)]
    for stream in streams:
        stream.until_seq(1)
    topics.publish(TOPIC, "message", {"text": "second"})
    for stream in streams:
        stream.until_seq(2)


def connections_of(server: Server, alias: str) -> int:
    if connections[alias].vendor == "postgresql":
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE application_name = %s AND datname = current_database()",
                [NAME],
            )
            return int(cursor.fetchone()[0])
    targets = []
    for link in _place(server, "fd").iterdir():
        try:
            targets.append(os.readlink(link))
        except FileNotFoundError:
            continue
    # Each connection has the write-ahead log open. The database's own file is no measure: SQLite
    # keeps what was closed while another connection holds a lock (sqlite.org/howtocorrupt.html).
    return targets.count(os.path.realpath(connections[alias].settings_dict["NAME"]) + "-wal")


def _place(server: Server, part: str) -> Path:
    assert server.process is not None
    return Path("/proc", str(server.process.pid), part)
