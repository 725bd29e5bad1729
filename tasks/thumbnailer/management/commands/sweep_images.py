from __future__ import annotations

import signal
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from tasks.thumbnailer import quota, sweep


class Command(BaseCommand):
    """Deletes files that belong to no upload, and counts that no limit asks for any more."""

    help = "Delete files of uploads that nobody has. Safe at any time, also twice at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=int, metavar="SECONDS", help="go on until SIGTERM")

    def handle(self, *, every: int | None, **_: Any) -> None:
        if every is None:
            self._sweep()
            return
        # Process 1 of a container would not hear it otherwise.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        while True:
            try:
                self._sweep()
            except Exception as error:  # noqa: BLE001 - each storage has errors of its own
                self.stderr.write(f"Not now: {error}")
            close_old_connections()
            time.sleep(every)

    def _sweep(self) -> None:
        self.stdout.write(f"{sweep.sweep()} files deleted, {quota.forget()} counts")
