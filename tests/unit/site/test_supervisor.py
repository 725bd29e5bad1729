from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from config.up.children import Child
from config.up.look import Look
from config.up.supervisor import Supervisor
from tests import services

DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """A supervisor takes the process's signals: give them back."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def child(name: str, code: str) -> Child:
    return Child(name, [sys.executable, "-c", code], os.environ)


def test_child_that_keeps_dying_is_started_ever_more_rarely(
    capfd: pytest.CaptureFixture[str],
) -> None:
    flaky = child("flaky", "raise SystemExit(3)")
    seen = ""

    def tended() -> bool:
        nonlocal seen
        flaky.tend()
        seen += capfd.readouterr().out
        return "again in 2 s" in seen

    services.until(tended, what="third end")

    said = [line for line in seen.splitlines() if "ended" in line]
    assert said == [
        f"up       | flaky ended (exit code 3), again in {wait} s" for wait in ("0.5", "1", "2")
    ]


def test_lines_of_a_child_carry_its_name(capfd: pytest.CaptureFixture[str]) -> None:
    talker = child("talker1", "print('one\\ntwo')")
    talker.tend()
    seen = ""

    def heard() -> bool:
        nonlocal seen
        seen += capfd.readouterr().out
        return "two" in seen

    services.until(heard, what="second line")
    talker.end()

    assert "talker1  | one\ntalker1  | two\n" in seen


def test_second_signal_ends_a_child_that_does_not_listen(capfd: pytest.CaptureFixture[str]) -> None:
    supervisor = Supervisor([child("deaf", DEAF)])

    def press_twice() -> None:
        for _ in range(2):
            time.sleep(1.0)
            os.kill(os.getpid(), signal.SIGINT)

    began = time.monotonic()
    threading.Thread(target=press_twice).start()
    supervisor.run(lambda: None)

    assert time.monotonic() - began < 20
    assert capfd.readouterr().out.splitlines()[-1] == "up       | stopped"


def test_error_while_running_leaves_no_child(capfd: pytest.CaptureFixture[str]) -> None:
    sleeper = child("sleeper", "import time; time.sleep(60)")

    def broken() -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        Supervisor([sleeper]).run(broken)

    assert not sleeper.alive()


def test_nohup_is_respected() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    Supervisor([])

    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_what_is_lacking_is_said_once_when_it_takes_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking: dict[str, Any] = {"redis": "away: ConnectionError"}
    monkeypatch.setattr("config.up.look.lacking", lambda: lacking)
    monkeypatch.setattr("config.up.look.SLOW_SECONDS", -1.0)
    monkeypatch.setattr("config.up.look._code", dict)
    look = Look(renew=lambda: None)
    look()
    look()

    assert capsys.readouterr().out == "up       | not ready yet: redis away: ConnectionError\n"
