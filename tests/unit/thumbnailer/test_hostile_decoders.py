"""The sandbox against decoders that were taken over, or that break."""

from __future__ import annotations

import io
import os
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks.thumbnailer.pipeline.steps import Made, Seen
from tasks.thumbnailer.pipeline.unfit import Fault, Unfit
from tasks.thumbnailer.sandbox import client, seccomp, starting
from tasks.thumbnailer.sandbox.allowance import Allowance
from tasks.thumbnailer.sandbox.troubles import Busy, Crashed, Trouble
from tests import services

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits that Linux has")
SECCOMP = pytest.mark.skipif(not seccomp.is_possible(), reason="no filter of system calls here")


@pytest.fixture(scope="module", autouse=True)
def hostile() -> Iterator[None]:
    """A decoder that does what its file says. One server for all: each decode is for itself."""
    client.stop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(starting, "ARGUMENTS", ("-m", "tests.unit.thumbnailer.hostile"))
        yield
        client.stop()


def decode(data: bytes, **allowed: int) -> list[Seen | Made]:
    return list(client.thumbnails(io.BytesIO(data), Allowance(**allowed)))


def told(act: str) -> str:
    """What it answers, as what is wrong with its file."""
    with pytest.raises(Unfit) as answer:
        decode(act.encode())
    return answer.value.detail


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()]


def server() -> int:
    return client.current().pid


@SECCOMP
def test_a_decoder_reaches_nothing() -> None:
    assert told("reach_out") == ""


@LINUX
def test_a_decoder_inherits_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "secret")
    client.stop()
    with socket.create_server(("127.0.0.1", 0)):
        environment, handles = told("has").split(" [")
    assert "SECRET_KEY" not in environment
    assert "DATABASE_URL" not in environment
    # Nowhere, nowhere, nowhere, its file and its results.
    assert handles == "0, 1, 2, 3, 4]"


def test_a_crash_costs_its_own_job_after_a_second_try(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Crashed, match="SIG"):
        decode(b"segfault")
    assert caplog.text.count("once more") == 1


def test_endless_work_is_the_files_fault() -> None:
    with pytest.raises(Unfit) as unfit:
        decode(b"spin", cpu_seconds=1)
    assert unfit.value.fault is Fault.TOO_COMPLEX


def test_a_machine_that_is_busy_is_not_the_files_fault() -> None:
    with pytest.raises(Busy):
        decode(b"sleep", wall_seconds=1)


@LINUX
def test_memory_without_end_is_refused_after_twice_as_much() -> None:
    with pytest.raises(Unfit) as unfit:
        decode(b"eat", memory_bytes=64 * 1024 * 1024)
    assert unfit.value.fault is Fault.TOO_LARGE


def test_a_decoder_that_just_leaves_is_the_machines_trouble() -> None:
    with pytest.raises(Trouble):
        decode(b"leave")


@pytest.mark.parametrize(("act", "why"), [("shout", "frame of"), ("lie", "can not be")])
def test_what_no_decoder_says_is_not_believed(act: str, why: str) -> None:
    with pytest.raises(Crashed, match=why):
        decode(act.encode())


@LINUX
def test_a_decode_ends_with_who_asked_for_it() -> None:
    pid = server()
    for _ in range(2):
        steps = client.thumbnails(io.BytesIO(b"sleep"))
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(next, steps)
            services.until(lambda: children(pid) != [], what="the decode to begin")
            os.kill(children(pid)[0], signal.SIGKILL)
            assert isinstance(waiting.exception(), Trouble)
    services.until(lambda: children(pid) == [], what="no decode left")


@LINUX
def test_a_killed_server_takes_its_decodes_along_and_is_replaced() -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(decode, b"sleep")
        services.until(lambda: children(server()) != [], what="the decode to begin")
        (child,) = children(server())
        os.kill(server(), signal.SIGKILL)
        assert isinstance(waiting.exception(), Trouble)
    services.until(lambda: not Path(f"/proc/{child}").exists(), what="the decode to end")
    assert told("has")
