"""Threads that publish at the same time, and what became of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from django.db import connections, transaction

from channels_celery.topics.models import Event, Topic

#: Longer than any lock or statement may take.
PATIENCE_SECONDS = 40.0


def side_by_side(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls at once, each in a thread of its own; their results, or the first error."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait(PATIENCE_SECONDS)
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        futures = [pool.submit(run, call) for call in calls]
        return [future.result(PATIENCE_SECONDS) for future in futures]


class _Undone(Exception):
    pass


@contextmanager
def rolled_back(alias: str) -> Iterator[None]:
    """A transaction that fails at its end."""
    with suppress(_Undone), transaction.atomic(using=alias):
        yield
        raise _Undone


def sequence(alias: str, topic: str) -> list[int | None]:
    """Every `seq` that the topic's events have, in the order of storing."""
    stored = Event.objects.using(alias).filter(topic=topic)
    return list(stored.order_by("seq").values_list("seq", flat=True))


def is_whole(alias: str, topic: str) -> bool:
    """Numbered 1, 2, 3 … to the topic's top."""
    top = Topic.objects.using(alias).get(name=topic).seq
    return sequence(alias, topic) == list(range(1, top + 1))
