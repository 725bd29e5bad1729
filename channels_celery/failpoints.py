"""Named steps at which a test has this process die or raise.

`CHANNELS_CELERY_FAILPOINTS` names a folder. Who reaches a step whose file `<step>.kill` or
`<step>.raise` lies there takes the file away, and fails: each file makes one process fail once.
Without the variable a step is a call of a function that does nothing.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

VARIABLE = "CHANNELS_CELERY_FAILPOINTS"

#: Every step there is, in the order in which a job comes to them.
STEPS = (
    "insert-committed",
    "hint-published",
    "claimed",
    "replied",
    "before-outcome",
    "after-outcome",
    "doorbell",
)


class Reached(Exception):
    """A test asked for an error at this step."""


def _fail(step: str) -> None:
    folder = Path(os.environ[VARIABLE])
    if _taken(folder / f"{step}.kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    if _taken(folder / f"{step}.raise"):
        raise Reached(step)


def _taken(file: Path) -> bool:
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    return True


def _pass(step: str) -> None:
    """No test asks for anything."""


reach = _fail if VARIABLE in os.environ else _pass
