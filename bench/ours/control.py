"""What is done to a stack from outside, each in a process of its own: see `COMMANDS`."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable

import django
from django.conf import settings
from django.db import connection

#: How many async senders there are at once.
SENDERS = 64

_COLUMNS = """INSERT INTO channels_celery_job
  (id, channel, message, state, attempt, max_attempts, losses, fence, ready, hints, run, progress,
   result, error, traceback, topic, reply_channel, headers, created, started, finished)"""
_VALUES = """'answer', '{"n": 1}', 'succeeded', 1, 4, 0, 2, at, 1, '', '', '{"n": 1}', '', '', '',
   '', '{}', at, at, at"""
_FILL = {
    "sqlite": f"""WITH RECURSIVE counted(n, at) AS (
        SELECT 1, 1000 * CAST(strftime('%%s', 'now') AS integer)
        UNION ALL SELECT n + 1, at FROM counted WHERE n < %s)
      {_COLUMNS} SELECT printf('%%012x7%%03x8%%015x', at - n, n %% 4096, n), {_VALUES}
      FROM counted""",
    "postgresql": f"""{_COLUMNS}
      SELECT (lpad(to_hex(at - n), 12, '0') || '7' || lpad(to_hex(n %% 4096), 3, '0') || '8'
        || lpad(to_hex(n), 15, '0'))::uuid, {_VALUES}
      FROM (SELECT n, CAST(extract(epoch FROM now()) * 1000 AS bigint) AS at
            FROM generate_series(1, %s) AS n) AS counted""",
}
_SETTLE = {"sqlite": "PRAGMA wal_checkpoint(TRUNCATE)", "postgresql": "VACUUM ANALYZE"}


def prepare(_: int) -> None:
    """Migrate; print the session of a guest who may speak."""
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command
    from django.http import HttpRequest

    from channels_celery import topics

    call_command("migrate", verbosity=0)
    session, request = SessionStore(), HttpRequest()
    request.session = session
    topics.visitor(request)
    session.save()
    sys.stdout.write(f"{settings.SESSION_COOKIE_NAME}={session.session_key}\n")


def fill(count: int) -> None:
    """Add finished jobs, with ids in the order of time as real ones have."""
    with connection.cursor() as cursor:
        cursor.execute(_FILL[connection.vendor], [count])
        cursor.execute(_SETTLE[connection.vendor])


def backlog(count: int) -> None:
    """Send so many slow jobs as fast as they are accepted; print the seconds it took."""
    began = time.monotonic()
    asyncio.run(_send(count))
    sys.stdout.write(f"{time.monotonic() - began}\n")


async def _send(count: int) -> None:
    from channels_celery import asend

    numbers = iter(range(count))

    async def sender() -> None:
        for n in numbers:
            await asend("slow", {"n": n})

    await asyncio.gather(*(sender() for _ in range(SENDERS)))


def publish(count: int) -> None:
    """Publish so many events, one after the other; print the seconds it took."""
    from channels_celery import topics

    topics.publish("bench.publish", "told", {"n": -1})
    began = time.monotonic()
    for n in range(count):
        topics.publish("bench.publish", "told", {"n": n})
    sys.stdout.write(f"{time.monotonic() - began}\n")


def publish_together(count: int) -> None:
    """Publish so many events by many at once; print the seconds it took."""
    asyncio.run(_publish(count))


async def _publish(count: int) -> None:
    from channels_celery import topics

    numbers = iter(range(count))

    async def sender() -> None:
        for n in numbers:
            await topics.apublish("bench.publish", "told", {"n": n})

    await topics.apublish("bench.publish", "told", {"n": -1})
    began = time.monotonic()
    await asyncio.gather(*(sender() for _ in range(SENDERS)))
    sys.stdout.write(f"{time.monotonic() - began}\n")


def count(_: int) -> None:
    """Print how many slow jobs have ended."""
    from channels_celery.jobs.models import Job

    sys.stdout.write(f"{Job.objects.filter(channel='slow', state='succeeded').count()}\n")


COMMANDS: dict[str, Callable[[int], None]] = {
    command.__name__: command
    for command in (prepare, fill, backlog, publish, publish_together, count)
}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.ours.settings")
    django.setup()
    COMMANDS[sys.argv[1]](int(sys.argv[2]) if len(sys.argv) > 2 else 0)
