from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

#: Waits before a dead child is started again; doubled each time.
BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0


def say(name: str, text: str) -> None:
    """One line on the terminal, prefixed by whose it is; a terminal that is gone is no error."""
    with suppress(OSError):
        sys.stdout.write(f"{name:<8} | {text.rstrip()}\n")
        sys.stdout.flush()


class Child:
    """A process that is kept running.

    It has a process group of its own, so that the order of stopping is ours and not the
    terminal's, but stays in the session of `make up`.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self.kind = name.rstrip("0123456789")
        self._command = command
        self._environment = environment
        self._backoff = BACKOFF_SECONDS
        self._start_at = 0.0
        self._process: subprocess.Popen[str] | None = None

    def tend(self) -> None:
        """Start it when it is time; report its death and start it again with backoff."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._start_at:
                self._start()
        elif (code := self._process.poll()) is not None:
            if now - self._start_at > LONGEST_BACKOFF_SECONDS:
                self._backoff = BACKOFF_SECONDS
            ending = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
            say("up", f"{self.name} ended ({ending}), again in {self._backoff:g} s")
            self.end()
            self._start_at = now + self._backoff
            self._backoff = min(2 * self._backoff, LONGEST_BACKOFF_SECONDS)

    def ask_to_end(self) -> None:
        if self._process:
            self._process.terminate()

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def end(self) -> None:
        """Kill what is left of its process group, also when its first process is gone."""
        if self._process:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            process_group=0,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        say("up", f"{self.name} is process {self._process.pid}")
        threading.Thread(target=self._forward, args=[self._process.stdout], daemon=True).start()

    def _forward(self, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                say(self.name, line)
