"""A service's command, run: ours in the image by buildah, the others by Debian's own programs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from tests import services
from tests.compose import debian
from tests.compose.composition import Service
from tests.compose.image import SITE, buildah
from tests.compose.network import DNS, Network

HEALTHY_SECONDS = 120.0
#: The user that the Dockerfile names.
IMAGE_UID = 10001
#: read_only, tmpfs, cap_drop and no-new-privileges of docker-compose.yml.
RESTRICT = (
    "mount -o remount,bind,ro / && mount -t tmpfs tmpfs /tmp"
    f" && exec setpriv --reuid {IMAGE_UID} --regid {IMAGE_UID} --clear-groups"
    ' --no-new-privs --bounding-set=-all --inh-caps=-all "$@"'
)


class Container:
    """One running instance of a service."""

    def __init__(self, service: Service, number: int, network: Network, folder: Path) -> None:
        self.service = service
        self.name = f"{service.name}-{number}"
        self._network = network
        self._folder = folder
        self.address = network.join(self.name, service.name)
        self.log = folder / f"{self.name}.log"
        if service.built:
            dns = ["--dns", DNS, "--name", self.name]
            _quietly(*buildah(folder, "from", *dns, SITE))
        self.log.touch()
        # nginx opens it anew, as another user.
        self.log.chmod(0o666)
        self._process = subprocess.Popen(
            self._within(service.command), stdout=self.log.open("wb"), stderr=subprocess.STDOUT
        )

    def healthy(self) -> bool:
        """Whether the service's own health check passes in it."""
        done = subprocess.run(
            self._within(self.service.health), capture_output=True, text=True, check=False
        )
        return done.returncode == 0

    def wait_healthy(self) -> None:
        def settled() -> bool:
            assert self._process.poll() is None, self._said("ended")
            return self.healthy()

        deadline = time.monotonic() + HEALTHY_SECONDS
        while not settled():
            assert time.monotonic() < deadline, self._said("never healthy")
            time.sleep(0.5)

    def wait_done(self) -> None:
        """For a one-shot service: wait for its good end."""
        assert self._process.wait(HEALTHY_SECONDS) == 0, self._said("failed")

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Send a signal to its first process; the seconds until all of it had ended.

        What it had written is gone with it, as with a container that Compose starts anew.
        """
        began = time.monotonic()
        if self._process.poll() is None:
            # A container's end takes all its processes with it.
            ended = self._pids() if number == signal.SIGKILL else [self.first_pid()]
            for pid in ended:
                os.kill(pid, number)
        self._network.leave(self.service.name, self.address)
        self._process.wait(60)
        services.until(lambda: not self._pids(), what=f"end of {self.name}")
        seconds = time.monotonic() - began
        if self.service.built:
            _quietly(*buildah(self._folder, "rm", self.name))
        return seconds

    def inside(self, *command: str) -> str:
        """What a further command in it says."""
        done = subprocess.run(
            self._within(list(command)), capture_output=True, text=True, check=False
        )
        return done.stdout

    def first_pid(self) -> int:
        """What is process 1 in a container: the oldest that runs as the service's user."""
        uid = _uid(self.service)
        return min(pid for pid in self._pids() if os.stat(f"/proc/{pid}").st_uid == uid)

    def _pids(self) -> list[int]:
        command = ["ip", "netns", "pids", self.name]
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return [int(line) for line in listed.split()]

    def _within(self, command: list[str]) -> list[str]:
        if self.service.built:
            inside = self._in_image(command)
        else:
            inside = debian.command(self.service, self._folder, command)
        return [*self._network.enter(self.name), *inside]

    def _in_image(self, command: list[str]) -> list[str]:
        """As compose restricts it: a root that nobody may write, no rights, no way to more."""
        assert self.service.raw["read_only"]
        options = ["--isolation", "chroot", "--user", "0", "--cap-add", "CAP_SYS_ADMIN"]
        for key, value in self.service.environment.items():
            options += ["--env", f"{key}={value}"]
        for volume in self.service.volumes:
            source, rest = volume.split(":", 1)
            options += ["--volume", f"{self._folder / 'volumes' / source}:{rest}"]
        restricted = ["sh", "-c", RESTRICT, "sh", *command]
        return buildah(self._folder, "run", *options, self.name, "--", *restricted)

    def _said(self, what: str) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([f"{self.name}: {what}; it said:", *lines[-30:]])


def prepare(service: Service, folder: Path) -> None:
    """The volumes with their owners, and what the service's image does at its first start."""
    for volume in service.volumes:
        source = volume.split(":", 1)[0]
        if "/" not in source:
            (folder / "volumes" / source).mkdir(parents=True, exist_ok=True)
            os.chown(folder / "volumes" / source, _uid(service), -1)
    debian.prepare(service, folder)


def _uid(service: Service) -> int:
    return IMAGE_UID if service.built else debian.user_id(service)


def _quietly(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
