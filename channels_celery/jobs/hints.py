"""Hints: small Celery messages `(job id, fence)` that tell a worker where to look.

They may be lost, repeated or flushed: the ledger is the truth and the reconciler repeats them. So
one thread per process publishes them, never waits long and drops them while the broker is away.
"""

from __future__ import annotations

import atexit
import heapq
import logging
import os
import queue
import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from channels_celery import failpoints, jsontext

from . import messages, mirror, registry
from .headers import Stamping

logger = logging.getLogger(__name__)

#: Bound of every wait for the broker.
BROKER_TIMEOUT_SECONDS = 1.0
#: How long a program that ends waits for its hints: to connect, and to send.
EXIT_SECONDS = 3.0
#: After a failure hints are dropped for so long: the reconciler repeats them.
AWAY_SECONDS = 1.0
#: A hint for later is kept here only for so long; beyond, the reconciler publishes it.
TIMER_SECONDS = 15.0
LOG_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Hint:
    """Where a worker may find work: the job, and the fence that its claim must meet."""

    channel: str
    job: UUID
    fence: int
    #: JSON text, sent as the message's headers.
    headers: str = "{}"


class Broker:
    """A connection of its own to publish hints on; not shared between threads."""

    def __init__(self) -> None:
        self._producer: Any = None

    def publish(self, hint: Hint) -> None:
        """Send one hint; raises whatever the broker's driver raises, after a second for each of
        its addresses at most."""
        task = _task(hint.channel)
        try:
            messages.publish(
                task,
                (str(hint.job), hint.fence),
                Stamping(self._connected(), jsontext.load(hint.headers)),
                registry.get(hint.channel).options.queue,
            )
            failpoints.reach("hint-published")
        except Exception:
            self.close()
            raise

    def messages(self, queue: str) -> int:
        """How many messages wait in a queue; one that does not exist yet holds none."""
        producer = self._connected()
        try:
            declared = producer.channel.queue_declare(queue, passive=True)
        except producer.connection.channel_errors:
            self.close()
            return 0
        except Exception:
            self.close()
            raise
        return int(declared.message_count)

    def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.connection.collect(BROKER_TIMEOUT_SECONDS)

    def _connected(self) -> Any:
        if self._producer is None:
            app = mirror.project_app()
            connection = app.connection_for_write(
                connect_timeout=BROKER_TIMEOUT_SECONDS,
                transport_options={
                    "socket_timeout": BROKER_TIMEOUT_SECONDS,
                    "socket_connect_timeout": BROKER_TIMEOUT_SECONDS,
                    "read_timeout": BROKER_TIMEOUT_SECONDS,
                    "write_timeout": BROKER_TIMEOUT_SECONDS,
                },
            )
            # Each address of a list is tried once: kombu moves to the next in place of a retry.
            connection.transport_options["max_retries"] = max(0, len(connection.alt) - 1)
            self._producer = app.amqp.Producer(connection, auto_declare=False)
            messages.keep_client(self._producer)
        return self._producer


class Publisher:
    """The thread that publishes this process's hints."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._inbox: queue.Queue[tuple[float, Hint]] = queue.Queue()
        self._later: list[tuple[float, int, Hint]] = []
        self._order = 0
        self._broker = Broker()
        self._away_until = 0.0
        self._log_after = 0.0
        self._dropped = 0
        threading.Thread(target=self._run, name="channels_celery.hints", daemon=True).start()

    def offer(self, hint: Hint, at: float) -> None:
        self._inbox.put((at, hint))

    def flush(self, seconds: float) -> None:
        """Wait until what was offered is out, `seconds` at most."""
        deadline = time.monotonic() + seconds
        while self._inbox.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.005)

    def _run(self) -> None:
        while True:
            wait = None
            if self._later:
                wait = max(0.0, self._later[0][0] - time.monotonic())
            try:
                offered = [self._inbox.get(timeout=wait)]
            except queue.Empty:
                self._publish(heapq.heappop(self._later)[2])
                continue
            offered += [self._inbox.get_nowait() for _ in range(self._inbox.qsize())]
            for hint in grouped(self._due(offered)):
                self._publish(hint)
            for _ in offered:
                self._inbox.task_done()

    def _due(self, offered: Iterable[tuple[float, Hint]]) -> Iterator[Hint]:
        """The hints to publish now; the others are kept for later."""
        for at, hint in offered:
            if at <= time.monotonic():
                yield hint
                continue
            self._order += 1
            heapq.heappush(self._later, (at, self._order, hint))

    def _publish(self, hint: Hint) -> None:
        if time.monotonic() < self._away_until:
            self._dropped += 1
            return
        try:
            self._broker.publish(hint)
        except Exception as error:  # noqa: BLE001 - any driver's: the reconciler repeats the hint
            self._away_until = time.monotonic() + AWAY_SECONDS
            self._dropped += 1
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        if time.monotonic() >= self._log_after:
            self._log_after = time.monotonic() + LOG_SECONDS
            logger.warning(
                "broker %s unreachable, jobs wait for a worker's own look (hints dropped: %d): %r",
                _address(),
                self._dropped,
                error,
            )
            self._dropped = 0


_lock = threading.Lock()
_publisher: Publisher | None = None
#: The parent's, in a forked child: collecting one could shut the connection that both share.
_abandoned: list[Publisher | None] = []


def publish(hint: Hint, *, seconds: float = 0.0) -> None:
    """Hand a hint over for publishing, now or in `seconds`; never blocks, never raises."""
    if seconds > TIMER_SECONDS or hint.channel not in registry.channels():
        # Where the channel is known, a reconciler finds the job.
        return
    if mirror.project_app().conf.task_always_eager:
        _run_here(hint)
        return
    _of_this_process().offer(hint, time.monotonic() + seconds if seconds else 0.0)


def publish_all(broker: Broker, found: Iterable[Hint]) -> None:
    """Publish on the caller's own connection; raises with the broker's first failure."""
    for hint in grouped(found):
        broker.publish(hint)


def grouped(found: Iterable[Hint]) -> Iterator[Hint]:
    """Of the first hints of a channel with `batch`, one for each batch; all others."""
    seen: Counter[str] = Counter()
    for hint in found:
        handler = registry.channels().get(hint.channel)
        size = handler.options.batch if handler else None
        if size is None or hint.fence > 0:
            yield hint
            continue
        if seen[hint.channel] % size == 0:
            yield hint
        seen[hint.channel] += 1


def _address() -> str:
    """Where the broker is, without user and password; never raises."""
    url = mirror.project_app().conf.broker_write_url
    return re.sub("//.*@", "//", str(url)) if url else "(no broker_url is set)"


def _run_here(hint: Hint) -> None:
    _task(hint.channel).apply(args=(str(hint.job), hint.fence), headers=jsontext.load(hint.headers))


def _task(channel: str) -> Any:
    return mirror.project_app().tasks[mirror.task_name(channel)]


def _of_this_process() -> Publisher:
    global _publisher
    with _lock:
        if _publisher is None or _publisher.process != os.getpid():
            _publisher = Publisher()
            atexit.register(_publisher.flush, EXIT_SECONDS)
        return _publisher


def _forget_after_fork() -> None:
    global _lock, _publisher
    _abandoned.append(_publisher)
    _lock, _publisher = threading.Lock(), None


os.register_at_fork(after_in_child=_forget_after_fork)
