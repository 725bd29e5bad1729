from __future__ import annotations

import platform
import sys
from typing import Any

import pytest

from tasks.thumbnailer.checks import known_limits, sandbox


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


def test_a_limit_that_can_not_be_is_named(settings: Any) -> None:
    settings.THUMBNAILER_LIMITS = ["FILE_BYTES"]
    assert [one.id for one in known_limits()] == ["thumbnailer.E001"]
    settings.THUMBNAILER_LIMITS = {"FILE_BYTES": 1000}
    assert known_limits() == []
    settings.THUMBNAILER_LIMITS = {"FILE_BYTES": "25 MB", "FILES_A_DAY": 5, "OPEN_JOBS": -1}
    found = known_limits()
    assert {message.id for message in found} == {"thumbnailer.E001"}
    assert len(found) == 3
    assert "FILES_AN_HOUR" in str(found[0].hint)
