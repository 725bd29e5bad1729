"""One fault at a time: how long until a short job that it met has its outcome."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from . import client
from .faults import kill
from .journal import Journal
from .processes import until
from .site import CHILDREN, WORKERS, Site

TOPIC = "chaos.single"
PATIENCE_SECONDS = 60.0


class Single:
    def __init__(self, site: Site, journal: Journal) -> None:
        self._site, self._journal = site, journal

    def child(self) -> float:
        """The job's child is killed: its first loss, with the broker up."""
        return self._after_killing("child", kill)

    def worker(self) -> float:
        """The job's worker is killed with its children; another one lives."""

        def kill_worker_of(pid: int) -> None:
            (worker,) = [worker for worker in self._site.workers if pid in worker.children()]
            worker.signal(signal.SIGKILL, group=True)

        return self._after_killing("worker", kill_worker_of)

    def broker(self) -> float:
        """Redis is wiped while the job's hint waits in it, for every slot is busy."""
        starts = self._site.redis.starts
        for n in range(WORKERS * CHILDREN):
            client.send(self._site.url, self._journal, TOPIC, "short", {"n": n, "seconds": 1.5})
        job = client.send(self._site.url, self._journal, TOPIC, "short", {"n": 0})
        begun = self._fault("Redis wiped alone")
        self._site.redis.signal(signal.SIGKILL)
        until(lambda: self._site.redis.starts > starts, seconds=10, what="new Redis")
        return self._outcome(job) - begun

    def settle(self) -> None:
        """Wait until all processes are there and a job goes through each slot at once."""
        until(
            lambda: all(len(worker.children()) == CHILDREN for worker in self._site.workers),
            seconds=PATIENCE_SECONDS,
            what="whole pools",
        )
        time.sleep(1.0)
        for n in range(WORKERS * CHILDREN):
            message = {"n": n, "seconds": 0.1}
            self._outcome(client.send(self._site.url, self._journal, TOPIC, "short", message))

    def _after_killing(self, what: str, kill_it: Callable[[int], None]) -> float:
        job = client.send(self._site.url, self._journal, TOPIC, "victim", {})
        line = self._journal.wait_for(PATIENCE_SECONDS, job=job, type="job.reply")
        begun = self._fault(f"{what} killed alone")
        kill_it(line["reply"]["pid"])
        return self._outcome(job) - begun

    def _fault(self, kind: str) -> float:
        self._journal.write("fault", kind=kind)
        return time.time()

    def _outcome(self, job: str) -> float:
        line = self._journal.wait_for(PATIENCE_SECONDS, job=job, type="job.succeeded")
        return float(line["at"])
