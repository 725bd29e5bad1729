from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

#: How soon a service manager starts what has ended.
RESTART_SECONDS = 0.5


class Service:
    """A process group that is started again whenever its first process has ended."""

    def __init__(
        self, name: str, command: Sequence[str], env: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self._command, self._env, self._log = command, env, log
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = threading.Event()
        self.starts = 0
        threading.Thread(target=self._tend, daemon=True, name=name).start()

    @property
    def pid(self) -> int:
        while (process := self._process) is None:
            time.sleep(0.01)
        return process.pid

    def children(self) -> list[int]:
        path = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        try:
            return [int(child) for child in path.read_text().split()]
        except OSError:
            return []

    def signal(self, number: int, *, group: bool = False) -> None:
        with suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.pid, number)

    def end(self) -> None:
        self._ended.set()
        self.signal(signal.SIGCONT, group=True)
        self.signal(signal.SIGKILL, group=True)

    def _tend(self) -> None:
        with self._log.open("ab") as log:
            while not self._ended.is_set():
                process = subprocess.Popen(
                    self._command, env=dict(self._env), stdout=log, stderr=log,
                    start_new_session=True,
                )  # fmt: skip
                self._process, self.starts = process, self.starts + 1
                process.wait()
                # As systemd does: nothing of a service outlives its main process for long.
                time.sleep(RESTART_SECONDS)
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def until(condition: Callable[[], object], *, seconds: float, what: str) -> None:
    """Poll until it holds; past the bound this is an error of the whole run."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"within {seconds:g} s there was no {what}")
        time.sleep(0.02)
