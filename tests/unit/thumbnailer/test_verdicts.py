from __future__ import annotations

import signal

import pytest

from tasks.thumbnailer.pipeline.unfit import Fault, Unfit
from tasks.thumbnailer.sandbox.allowance import Allowance
from tasks.thumbnailer.sandbox.endings import Ending
from tasks.thumbnailer.sandbox.frames import Mark, Said
from tasks.thumbnailer.sandbox.troubles import Busy, Crashed, NoMemory, ServerGone, Trouble
from tasks.thumbnailer.sandbox.verdicts import judge

ALLOWED = Allowance(cpu_seconds=10)
WELL = Ending()


def by(number: signal.Signals, cpu_ms: int = 5, *, late: bool = False) -> Ending:
    return Ending(status=number, cpu_ms=cpu_ms, was_late=late)


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_of_the_file_is_final(fault: Fault) -> None:
    verdict = judge(Said(Mark.UNFIT, f"{fault}\nwhat it saw"), WELL, ALLOWED)
    assert isinstance(verdict, Unfit)
    assert (verdict.fault, verdict.detail) == (fault, "what it saw")


@pytest.mark.parametrize(
    ("said", "ending", "expected"),
    [
        (None, None, ServerGone),
        (None, Ending(not_started=11), Trouble),
        (None, by(signal.SIGSEGV), Crashed),
        (None, by(signal.SIGABRT), Crashed),
        (None, by(signal.SIGBUS), Crashed),
        (None, by(signal.SIGILL), Crashed),
        (None, by(signal.SIGXCPU, 10_001), Unfit),
        (None, by(signal.SIGKILL, 11_000, late=True), Unfit),
        (None, by(signal.SIGKILL, 400, late=True), Busy),
        (None, by(signal.SIGKILL, 400), Trouble),
        (None, Ending(status=1 << 8), Trouble),
        (None, WELL, Trouble),
        (Said(Mark.NO_MEMORY), WELL, NoMemory),
        (Said(Mark.BROKEN, "Traceback"), WELL, Trouble),
        (Said(Mark.UNFIT, "nonsense"), WELL, Crashed),
        # The parent's word counts, whatever the decoder has said before.
        (Said(Mark.UNFIT, "corrupt"), by(signal.SIGKILL), Trouble),
    ],
)
def test_what_is_not_the_files_fault_is_called_by_its_name(
    said: Said | None, ending: Ending | None, expected: type[Exception]
) -> None:
    assert type(judge(said, ending, ALLOWED)) is expected
