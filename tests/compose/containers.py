"""A service's command, run: ours in the image by buildah, the others by Debian's own programs."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import time
from pathlib import Path

from tests import services
from tests.compose.composition import ROOT, Service
from tests.compose.image import SITE, buildah
from tests.compose.network import DNS, Network

HEALTHY_SECONDS = 120.0


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
        """Send a signal to its first process; the seconds until all of it had ended."""
        began = time.monotonic()
        if number == signal.SIGKILL:
            # A container's end takes all its processes with it.
            for pid in self._pids():
                os.kill(pid, number)
        else:
            os.kill(self.first_pid(), number)
        self._network.leave(self.service.name, self.address)
        self._process.wait(60)
        services.until(lambda: not self._pids(), what=f"end of {self.name}")
        return time.monotonic() - began

    def inside(self, *command: str) -> str:
        """What a further command in it says."""
        done = subprocess.run(
            self._within(list(command)), capture_output=True, text=True, check=False
        )
        return done.stdout

    def remove(self) -> None:
        for pid in self._pids():
            os.kill(pid, signal.SIGKILL)
        self._process.wait(60)
        if self.service.built:
            _quietly(*buildah(self._folder, "rm", self.name))

    def first_pid(self) -> int:
        """What is process 1 in a container: the oldest that runs as the service's user."""
        uid = _uid(self.service)
        return min(pid for pid in self._pids() if os.stat(f"/proc/{pid}").st_uid == uid)

    def _pids(self) -> list[int]:
        command = ["ip", "netns", "pids", self.name]
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return [int(line) for line in listed.split()]

    def _within(self, command: list[str]) -> list[str]:
        inside = self._in_image(command) if self.service.built else self._on_debian(command)
        return [*self._network.enter(self.name), *inside]

    def _in_image(self, command: list[str]) -> list[str]:
        options = ["--isolation", "chroot"]
        for key, value in self.service.environment.items():
            options += ["--env", f"{key}={value}"]
        for volume in self.service.volumes:
            source, rest = volume.split(":", 1)
            options += ["--volume", f"{self._folder / 'volumes' / source}:{rest}"]
        return buildah(self._folder, "run", *options, self.name, "--", *command)

    def _on_debian(self, command: list[str]) -> list[str]:
        if self.service.name != "postgres":
            return _nginx(command) if command[0] == "nginx" else command
        programs = services.postgresql_folder()
        command = [str(programs / command[0]) if programs else "", *command[1:]]
        if command[0].endswith("/postgres"):
            data = str(self._folder / "volumes/postgres")
            command += ["-D", data, "-k", data, "-c", "listen_addresses=*"]
        return ["runuser", "-u", "postgres", "--", *command]

    def _said(self, what: str) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([f"{self.name}: {what}; it said:", *lines[-30:]])


def prepare(service: Service, folder: Path) -> None:
    """What the service's own image does at its first start, and the volumes' owners."""
    for volume in service.volumes:
        source = volume.split(":", 1)[0]
        if "/" not in source:
            (folder / "volumes" / source).mkdir(parents=True, exist_ok=True)
            os.chown(folder / "volumes" / source, _uid(service), -1)
    if service.name == "postgres":
        _create_cluster(service.environment, folder)


def _create_cluster(given: dict[str, str], folder: Path) -> None:
    data = folder / "volumes/postgres"
    programs = services.postgresql_folder()
    assert programs
    password = folder / "password"
    password.write_text(given["POSTGRES_PASSWORD"])
    password.chmod(0o644)
    options = ["-U", given["POSTGRES_USER"], "--pwfile", str(password), "-A", "scram-sha-256"]
    as_postgres = ["runuser", "-u", "postgres", "--"]
    init = [*as_postgres, str(programs / "initdb"), "-D", str(data), *options, "-E", "UTF8"]
    _quietly(*init, "--no-sync")
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write("host all all all scram-sha-256\n")
    single = [*as_postgres, str(programs / "postgres"), "--single", "-D", str(data), "postgres"]
    create = f"CREATE DATABASE {given['POSTGRES_DB']};\n"
    subprocess.run(single, input=create, text=True, check=True, stdout=subprocess.DEVNULL)


def _nginx(command: list[str]) -> list[str]:
    """As its image has it: a user without rights, a /tmp of its own."""
    private = 'mount -t tmpfs -o mode=1777 tmpfs /tmp && exec setpriv --reuid 101 --regid 101 --clear-groups --inh-caps=-all "$@"'  # noqa: E501
    return ["unshare", "--mount", "sh", "-c", private, "sh", *command]


def mount_for_nginx(folder: Path) -> None:
    """The configuration and the volumes where compose mounts them, in our mount namespace."""
    _quietly("mount", "--bind", str(ROOT / "deploy/nginx.conf"), "/etc/nginx/nginx.conf")
    _quietly("mount", "-t", "tmpfs", "tmpfs", "/srv")
    for name in ("static", "media"):
        Path("/srv", name).mkdir()
        _quietly("mount", "--bind", "-o", "ro", str(folder / "volumes" / name), f"/srv/{name}")


def _uid(service: Service) -> int:
    if service.built:
        return 10001
    if service.name == "postgres":
        return pwd.getpwnam("postgres").pw_uid
    return 101 if service.name == "nginx" else 0


def _quietly(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
