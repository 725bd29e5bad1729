from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from channels_celery.jobs.models import Job
from channels_celery.topics.models import Event
from tests.services import until

Send = Callable[..., UUID]


def job(alias: str, id: UUID) -> Job:
    return Job.objects.using(alias).get(pk=id)


def ended(alias: str, id: UUID, *, seconds: float = 20.0) -> Job:
    def over() -> bool:
        return job(alias, id).state in ("succeeded", "failed", "cancelled")

    until(over, seconds=seconds, what=lambda: f"outcome of {job(alias, id)}")
    return job(alias, id)


def runs(marker: Path) -> int:
    """How many attempts have come to the place where they hold."""
    return len(marker.read_text().split()) if marker.exists() else 0


def types(alias: str, topic: str) -> list[str]:
    rows = Event.objects.using(alias).filter(topic=topic).order_by("seq")
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    return [row.type for row in rows]
