from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from psycopg import OperationalError
from redis.exceptions import RedisError

from tests import services

from .site import Site


class Faults:
    """What befalls a site; each returns once it is done, not once the site has recovered."""

    def __init__(self, site: Site, chance: random.Random, *, stop_seconds: float) -> None:
        self._site, self._chance, self._stop_seconds = site, chance, stop_seconds
        self.kinds: dict[str, Callable[[], None]] = {
            "child killed": self.kill_child,
            "worker killed": self.kill_worker,
            "Daphne killed": self.kill_web,
            "Redis wiped": self.wipe_redis,
            "worker stopped past its lease": self.stop_worker,
            "broker connections cut": self.cut_broker,
        }
        if site.server:
            self.kinds["database connections cut"] = self.cut_database
            self.kinds["PostgreSQL restarted"] = self.restart_postgresql

    def kill_child(self) -> None:
        children = self._chance.choice(self._site.workers).children()
        if children:
            kill(self._chance.choice(children))

    def kill_worker(self) -> None:
        self._chance.choice(self._site.workers).signal(signal.SIGKILL)

    def kill_web(self) -> None:
        self._site.web.signal(signal.SIGKILL)

    def wipe_redis(self) -> None:
        """It keeps nothing: the one that comes after it is empty."""
        self._site.redis.signal(signal.SIGKILL)

    def stop_worker(self) -> None:
        worker = self._chance.choice(self._site.workers)
        worker.signal(signal.SIGSTOP, group=True)
        time.sleep(self._stop_seconds)
        worker.signal(signal.SIGCONT, group=True)

    def cut_database(self) -> None:
        with suppress(OperationalError):
            self._site.sql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )

    def cut_broker(self) -> None:
        with suppress(RedisError):
            for kind in ("normal", "pubsub"):
                self._site.redis_says("CLIENT", "KILL", "TYPE", kind)

    def restart_postgresql(self) -> None:
        services.restart_postgresql(self._site.data)


def kill(pid: int) -> None:
    """A process that is gone already is no error."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
