from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from channels_celery.jobs import registry
from channels_celery.jobs.django_tasks import BACKEND
from tests.integration.jobs.watch import Send, ended, types
from tests.integration.jobs.worker import worker
from tests.services import until


def test_a_task_of_the_framework_survives_a_killed_child(
    database: str,
    env: dict[str, str],
    send: Send,
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The worker is told of no task: it finds the function by its path."""
    monkeypatch.setattr(registry, "_handlers", dict(registry._handlers))
    settings.TASKS = {"default": {"BACKEND": BACKEND, "QUEUES": ["default", "slow"]}}
    from tests.integration.django_tasks import calls

    marker = tmp_path / "runs"
    with worker(database, env, tmp_path / "log", "-c", "1"):
        task: Any = calls.hold
        held = task.using(topic="t").enqueue(str(marker))
        until(lambda: marker.exists() and marker.read_text(), what="run of the task")
        os.kill(int(marker.read_text()), signal.SIGKILL)
        marker.unlink()
        assert ended(database, UUID(held.id)).state == "succeeded"
        waited: Any = calls.wait.enqueue("so")
        ended(database, UUID(waited.id))
    held.refresh()
    assert (held.status, held.return_value, held.attempts) == ("SUCCESSFUL", 2, 2)
    waited.refresh()
    assert waited.return_value == "so"
    assert types(database, "t")[-1] == "job.succeeded"
