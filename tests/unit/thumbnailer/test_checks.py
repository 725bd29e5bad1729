from __future__ import annotations

import platform
import sys

import pytest

from tasks.thumbnailer.checks import sandbox


def ids() -> set[str | None]:
    return {message.id for message in sandbox()}


def test_a_platform_that_can_not_limit_memory_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert ids() == {"thumbnailer.W001", "thumbnailer.W002"}


def test_a_processor_whose_system_calls_are_unknown_is_warned_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert ids() == {"thumbnailer.W002"}


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"),
    reason="platforms that can do it all",
)
def test_linux_is_fine() -> None:
    assert ids() == set()
