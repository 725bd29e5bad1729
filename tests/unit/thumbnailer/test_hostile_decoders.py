"""The sandbox against decoders that were taken over, or that break."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.thumbnailer.pipeline.steps import Made, Seen
from tasks.thumbnailer.pipeline.unfit import Fault, Unfit
from tasks.thumbnailer.sandbox import client, seccomp, starting
from tasks.thumbnailer.sandbox.allowance import Allowance
from tasks.thumbnailer.sandbox.troubles import Busy, Crashed, ServerGone, Trouble
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


def server() -> int:
    return client.current().pid


def children(pid: int | None = None) -> list[int]:
    """The server's: who waits for an image, and who decodes one."""
    pid = pid or server()
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()]


def next_decoder() -> int:
    services.until(lambda: len(children()) == 1, what="one process that waits, and no other")
    return children()[0]


@contextmanager
def decoding(act: str) -> Iterator[Future[list[Seen | Made]]]:
    """A decode under way in another thread, and how it ends."""
    ahead = next_decoder()
    with ThreadPoolExecutor(1) as pool:
        ending = pool.submit(decode, act.encode())
        services.until(lambda: {ahead} < set(children()), what="the decode to begin")
        yield ending


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


@LINUX
def test_broken_is_believed_only_where_there_was_memory() -> None:
    with pytest.raises(Unfit) as unfit:
        decode(b"misread", memory_bytes=64 * 1024 * 1024)
    assert unfit.value.fault is Fault.TOO_LARGE
    with pytest.raises(Unfit) as unfit:
        decode(b"misread")
    assert unfit.value.fault is Fault.CORRUPT


def test_a_decoder_that_just_leaves_is_the_machines_trouble() -> None:
    with pytest.raises(Trouble):
        decode(b"leave")


@pytest.mark.parametrize(
    ("act", "why"), [("shout", "frame of"), ("lie", "can not be"), ("invent", "no size")]
)
def test_what_no_decoder_says_is_not_believed(act: str, why: str) -> None:
    with pytest.raises(Crashed, match=why):
        decode(act.encode())


@LINUX
def test_each_image_has_a_process_of_its_own_forked_ahead() -> None:
    ahead = [next_decoder(), 0, 0]
    for number in (1, 2):
        assert told("who") == str(ahead[number - 1])
        ahead[number] = next_decoder()
    assert len(set(ahead)) == 3


@LINUX
def test_a_decoder_that_is_killed_costs_its_own_image() -> None:
    ahead = next_decoder()
    with decoding("sleep") as ending:
        os.kill(ahead, signal.SIGKILL)
        assert isinstance(ending.exception(), Trouble)
    assert next_decoder() != ahead


@LINUX
def test_who_is_killed_while_it_waits_is_replaced_with_the_next_image() -> None:
    os.kill(next_decoder(), signal.SIGKILL)
    # Not before: what kills it could kill its followers too, without end.
    services.until(lambda: children() == [], what="its end")
    assert told("who")
    assert next_decoder()


@LINUX
def test_where_memory_ends_the_kernel_takes_a_decoder_first() -> None:
    place = Path(f"/proc/{next_decoder()}/oom_score_adj")
    assert place.read_text(encoding="ascii") == "1000\n"


@LINUX
def test_a_server_that_does_not_answer_is_ended_and_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(starting, "ENDS_SECONDS", 0.1)
    silent = server()
    os.kill(silent, signal.SIGSTOP)
    with pytest.raises(ServerGone):
        decode(b"who", wall_seconds=0)
    assert gone(Path(f"/proc/{silent}"))
    assert told("who")


def test_who_hears_late_of_a_servers_end_leaves_the_next_one_alone() -> None:
    first = client.current()
    client.stop(first)
    second = client.current()
    client.stop(first)
    assert client.current() is second


@LINUX
def test_a_terminals_interrupt_is_not_a_decoders() -> None:
    ahead = next_decoder()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(ahead, number)
    assert told("who") == str(ahead)


@LINUX
def test_a_killed_server_takes_its_decodes_along_and_is_replaced() -> None:
    with decoding("sleep") as ending:
        left = children()
        os.kill(server(), signal.SIGKILL)
        assert isinstance(ending.exception(), Trouble)
    places = [Path(f"/proc/{pid}") for pid in left]
    services.until(lambda: all(gone(place) for place in places), what="both to end")
    assert told("has")


WORKER = """
import io, os, sys
from tasks.thumbnailer.sandbox import client, starting
starting.ARGUMENTS = ("-m", "tests.unit.thumbnailer.hostile")
print(client.current().pid, flush=True)
worker = os.fork()
if worker == 0:
    list(client.thumbnails(io.BytesIO(b"sleep")))
print(worker, flush=True)
sys.stdin.read()
"""


@LINUX
def test_a_killed_worker_takes_its_decode_along_and_the_last_one_everything() -> None:
    command = [sys.executable, "-c", WORKER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as main:
        assert main.stdout is not None
        pid, worker = (int(main.stdout.readline()) for _ in range(2))
        services.until(lambda: len(children(pid)) == 2, what="the decode to begin")
        os.kill(worker, signal.SIGKILL)
        services.until(lambda: len(children(pid)) == 1, what="the decode to end")
        left = [Path(f"/proc/{number}") for number in (pid, *children(pid))]
        main.kill()
    # Whoever adopts them may take its time to bury them.
    services.until(lambda: all(gone(path) for path in left), what="the server's end")


def gone(process: Path) -> bool:
    try:
        return "\nState:\tZ" in (process / "status").read_text(encoding="ascii")
    except OSError:
        return True
