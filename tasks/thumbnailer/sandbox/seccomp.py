"""Which system calls a decoding process has left: those that compute, read and write.

It opens no file and no socket, starts nothing and signals nobody. Anything else answers EPERM.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Callable

#: By the kernel's name of the machine: its audit number, and each call's number there.
_MACHINES = {
    "x86_64": (0xC000003E, {
        "read": 0, "write": 1, "close": 3, "fstat": 5, "lseek": 8, "mmap": 9, "mprotect": 10,
        "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15,
        "pread64": 17, "readv": 19, "writev": 20, "sched_yield": 24, "mremap": 25, "madvise": 28,
        "getpid": 39, "exit": 60, "gettimeofday": 96, "getrusage": 98, "sigaltstack": 131,
        "gettid": 186, "futex": 202, "sched_getaffinity": 204, "clock_gettime": 228,
        "clock_nanosleep": 230, "exit_group": 231, "newfstatat": 262, "getrandom": 318,
        "rseq": 334,
    }),
    "aarch64": (0xC00000B7, {
        "lseek": 62, "read": 63, "write": 64, "readv": 65, "writev": 66, "pread64": 67,
        "newfstatat": 79, "fstat": 80, "close": 57, "exit": 93, "exit_group": 94, "futex": 98,
        "clock_gettime": 113, "clock_nanosleep": 115, "sched_getaffinity": 123, "sched_yield": 124,
        "sigaltstack": 132, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139,
        "getrusage": 165, "gettimeofday": 169, "getpid": 172, "gettid": 178, "brk": 214,
        "munmap": 215, "mremap": 216, "mmap": 222, "mprotect": 226, "madvise": 233,
        "getrandom": 278, "rseq": 293,
    }),
}  # fmt: skip

_PR_SET_NO_NEW_PRIVS, _PR_GET_SECCOMP, _PR_SET_SECCOMP = 38, 21, 22
_MODE_FILTER = 2
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
# The little language of linux/bpf_common.h: load a word, jump if equal, return.
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_AT_NUMBER, _AT_MACHINE = 0, 4
_INSTRUCTION = struct.Struct("=HBBI")


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


class Filter:
    """The filter, made ready for the forked: what they run costs each image."""

    def __init__(self) -> None:
        code = _filter(*_MACHINES[platform.machine()])
        self._code = ctypes.create_string_buffer(code)
        self._program = _Program(len(code) // _INSTRUCTION.size, ctypes.addressof(self._code))
        self._prctl = _prctl()

    def apply(self) -> None:
        """Give up every other system call, for good; raises OSError where the kernel will not."""
        if self._prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or self._prctl(
            _PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(self._program), 0, 0
        ):
            number = ctypes.get_errno()
            raise OSError(number, f"no seccomp: {os.strerror(number)}")


def is_possible() -> bool:
    """Whether this kernel can filter system calls, and we know their numbers here."""
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        return False
    return _prctl()(_PR_GET_SECCOMP, 0, 0, 0, 0) >= 0


def _filter(machine: int, calls: dict[str, int]) -> bytes:
    """An allow-list. Calls of another ABI of the same machine have numbers that are not in it."""
    refused = _INSTRUCTION.pack(_RETURN, 0, 0, _ERRNO | errno.EPERM)
    numbers = sorted(calls.values())
    steps = [
        _INSTRUCTION.pack(_LOAD, 0, 0, _AT_MACHINE),
        _INSTRUCTION.pack(_JUMP_IF_EQUAL, 1, 0, machine),
        refused,
        _INSTRUCTION.pack(_LOAD, 0, 0, _AT_NUMBER),
    ]
    for left, number in zip(range(len(numbers), 0, -1), numbers, strict=True):
        steps.append(_INSTRUCTION.pack(_JUMP_IF_EQUAL, left, 0, number))
    return b"".join([*steps, refused, _INSTRUCTION.pack(_RETURN, 0, 0, _ALLOW)])


def _prctl() -> Callable[..., int]:
    return ctypes.CDLL(None, use_errno=True).prctl
