"""Proof of docker-compose.yml without a Docker engine; deploy/compose-check.sh runs both steps.

`build` makes the image and needs a network; `run` starts the services in one without a way out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.compose import image, proofs, shapes
from tests.compose.stack import Stack


def main(step: str, store: str) -> None:
    folder = Path(store)
    if step == "build":
        folder.mkdir(parents=True, exist_ok=True)
        image.build(folder)
        return
    with tempfile.TemporaryDirectory(prefix="cc-", dir=folder) as own:
        here = Path(own)
        here.chmod(0o711)
        (here / "root").symlink_to(folder / "root")
        (here / "run").symlink_to(folder / "run")
        stack = Stack(here)
        try:
            stack.up()
            stack.scale("worker", 2)
            for proof in (*proofs.ALL, *shapes.ALL, *proofs.LAST):
                print(f"proof   | {proof.__name__.replace('_', ' ')}", flush=True)  # noqa: T201
                proof(stack)
        except BaseException:
            logs = Path(os.environ.get("COMPOSE_CHECK_LOGS", folder / "logs"))
            subprocess.run(["mkdir", "-p", str(logs)], check=True)
            subprocess.run(["cp", *map(str, here.glob("*.log")), str(logs)], check=False)
            print(f"The logs are in {logs}.", file=sys.stderr)  # noqa: T201
            raise
        finally:
            stack.remove()


if __name__ == "__main__":
    main(*sys.argv[1:])
