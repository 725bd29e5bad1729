from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

AGAIN_SECONDS = 0.2


class Failed(Exception):
    """The publisher's process answered with an error, or died."""


class Publisher:
    """A process beside the servers that publishes what it is told to."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._environment, self._log = environment, log
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def do(self, command: str, **arguments: Any) -> Any:
        """Its answer to one command; it is started if it does not run."""
        async with self._turn:
            process = await self._running()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps({"do": command, **arguments}).encode() + b"\n")
            await process.stdin.drain()
            line = await process.stdout.readline()
        if not line:
            await process.wait()
            raise Failed(f"the publisher died with {process.returncode}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["done"]

    async def publish(self, topic: str, mids: list[str], *, naive: bool, size: int) -> None:
        """One after the other, each tried until the database has taken it."""
        for mid in mids:
            while True:
                with suppress(Failed):
                    await self.do("publish", topic=topic, mids=[mid], naive=naive, size=size)
                    break
                await asyncio.sleep(AGAIN_SECONDS)

    async def end(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "tests.faults.publisher",
                    stdin=PIPE, stdout=PIPE, stderr=log, env=dict(self._environment),
                    limit=2**24,
                )  # fmt: skip
        return self._process
