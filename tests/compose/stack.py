"""The composition started as Compose starts it: in the order that its conditions give."""

from __future__ import annotations

from pathlib import Path

from tests.compose import composition, containers, network
from tests.compose.composition import Service
from tests.compose.containers import Container

DONE = "service_completed_successfully"


class Stack:
    """All services that run without a profile, each as often as `replicas` or `scale` says."""

    def __init__(self, folder: Path, scale: dict[str, int]) -> None:
        self.services = {
            name: service
            for name, service in composition.services().items()
            if "profiles" not in service.raw
        }
        self._folder = folder
        self.media = folder / "volumes/media"
        self._scale = scale
        self._network = network.Network()
        self.running: dict[str, list[Container]] = {}

    def up(self) -> None:
        """Start everything; returns once all of it is healthy."""
        for service in self.services.values():
            containers.prepare(service, self._folder)
        containers.mount_for_nginx(self._folder)
        waiting = dict(self.services)
        while waiting:
            ready = [each for each in waiting.values() if set(each.after) <= set(self.running)]
            for service in ready:
                self._wait_for(service.after)
                times = self._scale.get(service.name, service.replicas)
                self.running[service.name] = [self._start(service, n + 1) for n in range(times)]
                del waiting[service.name]
        self._wait_for({"nginx": "service_healthy", "worker": "service_healthy"})
        self._publish()

    def _start(self, service: Service, number: int) -> Container:
        print(f"compose | {service.name}-{number}: {' '.join(service.command)}", flush=True)  # noqa: T201
        return Container(service, number, self._network, self._folder)

    def _wait_for(self, conditions: dict[str, str]) -> None:
        for name, condition in conditions.items():
            for container in self.running[name]:
                container.wait_done() if condition == DONE else container.wait_healthy()

    def _publish(self) -> None:
        for name, service in self.services.items():
            for port in service.ports:
                _, outer, inner = port.rsplit(":", 2)
                network.publish(int(outer), self.running[name][0].address, int(inner))

    def remove(self) -> None:
        """Kill what still runs and remove the containers."""
        for name in ("nginx", "web", "worker", "migrate", "redis", "postgres"):
            for container in self.running.get(name, []):
                container.remove()
