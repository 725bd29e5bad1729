"""The composition started as Compose starts it: in the order that its conditions give."""

from __future__ import annotations

import signal
from collections import defaultdict
from collections.abc import Mapping
from itertools import count
from pathlib import Path

from tests.compose import composition, containers, network
from tests.compose.composition import Service
from tests.compose.containers import Container

DONE = "service_completed_successfully"
HEALTHY = "service_healthy"


class Stack:
    """All services that run without a profile, each as often as its `replicas` says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.media = folder / "volumes/media"
        self.running: dict[str, list[Container]] = {}
        self._services = _chosen({}, profiles=())
        self._network = network.Network()
        self._numbers: defaultdict[str, count[int]] = defaultdict(lambda: count(1))

    def up(self) -> None:
        """Start everything; returns once all of it is healthy."""
        for service in self._services.values():
            containers.prepare(service, self.folder)
        self._start_missing()
        self._publish()

    def scale(self, name: str, times: int) -> None:
        """As `--scale name=times`: start what is missing; returns once all are healthy."""
        service, running = self._services[name], self.running[name]
        running += [self._start(service) for _ in range(times - len(running))]
        self._wait_for({name: HEALTHY})

    def change(self, given: Mapping[str, str], *profiles: str) -> None:
        """As with another .env and more profiles: what differs is started anew, the rest stays."""
        before, self._services = self._services, _chosen(given, profiles)
        for name in self._services.keys() - before.keys():
            containers.prepare(self._services[name], self.folder)
        for name, service in self._services.items():
            if name in before and service.environment != before[name].environment:
                for container in self.running.pop(name):
                    container.stop()
        self._start_missing()

    def _start_missing(self) -> None:
        waiting = {name: each for name, each in self._services.items() if name not in self.running}
        started = list(waiting)
        while waiting:
            ready = [each for each in waiting.values() if set(each.after) <= set(self.running)]
            for service in ready:
                self._wait_for(service.after)
                self.running[service.name] = [self._start(service) for _ in range(service.replicas)]
                del waiting[service.name]
        self._wait_for({name: HEALTHY for name in started if self._services[name].health})

    def _start(self, service: Service) -> Container:
        number = next(self._numbers[service.name])
        print(f"compose | {service.name}-{number}: {' '.join(service.command)}", flush=True)  # noqa: T201
        return Container(service, number, self._network, self.folder)

    def _wait_for(self, conditions: dict[str, str]) -> None:
        for name, condition in conditions.items():
            for container in self.running[name]:
                container.wait_done() if condition == DONE else container.wait_healthy()

    def _publish(self) -> None:
        for name, service in self._services.items():
            for port in service.ports:
                _, outer, inner = port.rsplit(":", 2)
                network.publish(int(outer), self.running[name][0].address, int(inner))

    def remove(self) -> None:
        """Kill what still runs and remove the containers."""
        for running in reversed(self.running.values()):
            while running:
                running.pop().stop(signal.SIGKILL)


def _chosen(given: Mapping[str, str], profiles: tuple[str, ...]) -> dict[str, Service]:
    return {
        name: service
        for name, service in composition.services(given).items()
        if set(service.raw.get("profiles", profiles)) <= set(profiles)
    }
