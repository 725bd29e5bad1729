"""What the end of a decode means: judged by where it failed, never by the error alone."""

from __future__ import annotations

from tasks.thumbnailer.pipeline.unfit import Fault, Unfit

from .allowance import Allowance
from .endings import Ending
from .frames import Mark, Said
from .troubles import Busy, Crashed, NoMemory, ServerGone, Trouble


def judge(said: Said | None, ending: Ending | None, allowed: Allowance) -> Exception:
    """What to raise, from the decoder's last word, unless it is that all is done, and its parent's.

    The parent's counts first: a decoder that was taken over can say what it likes.
    """
    if ending is None:
        return ServerGone("the sandbox's server ended during a decode")
    if ending.not_started:
        return Trouble(f"no process for a decode: error {ending.not_started}")
    if ending.crashed:
        return Crashed(f"the decoder was ended by {ending.signal_name}")
    if _used_its_processor_time(ending, allowed):
        return Unfit(Fault.TOO_COMPLEX, f"{ending.cpu_ms} ms of processor time")
    if ending.was_late:
        return Busy(f"no end after {allowed.wall_seconds} s, {ending.cpu_ms} ms of processor time")
    if ending.status or said is None:
        # Not ours: the kernel's, as when the machine is out of memory.
        return Trouble(f"a decode ended by {ending.signal_name or ending.status}")
    return _word(said)


def _word(said: Said) -> Exception:
    if said.mark is Mark.UNFIT:
        fault, _, detail = said.text.partition("\n")
        return Unfit(Fault(fault), detail) if fault in set(Fault) else Crashed(said.text)
    if said.mark is Mark.NO_MEMORY:
        return NoMemory(said.text)
    return Trouble(said.text)


def _used_its_processor_time(ending: Ending, allowed: Allowance) -> bool:
    # The second signal, a second later, is SIGKILL; a decode may use a little less than it counts.
    return ending.signal_name == "SIGXCPU" or (
        bool(ending.signal_name) and ending.cpu_ms >= 1_000 * allowed.cpu_seconds
    )
