from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from channels_celery import jsontext
from channels_celery.jobs import stuck
from channels_celery.jobs.ledger.workers import DEAD_MS
from channels_celery.jobs.models import Worker

from . import shown
from .read_only import ReadOnlyAdmin


class WorkerAdmin(ReadOnlyAdmin[Worker]):
    """The Celery workers' main processes: which live, what each listens to and knows."""

    list_display = [
        *("host", "pid", "life", "slots", "queues_shown", "channels_shown", "since", "last_beat"),
    ]
    list_display_links = None
    ordering = ["-beat"]

    @admin.display(description="state")
    def life(self, worker: Worker) -> str:
        alive = stuck.present() - worker.beat < DEAD_MS
        return shown.badge("alive", "succeeded") if alive else shown.badge("gone", "failed")

    @admin.display(description="queues")
    def queues_shown(self, worker: Worker) -> str:
        return _names(worker.queues)

    @admin.display(description="channels")
    def channels_shown(self, worker: Worker) -> str:
        return _names(worker.channels)

    @admin.display(description="started", ordering="started")
    def since(self, worker: Worker) -> str:
        return shown.moment(worker.started)

    @admin.display(description="last beat", ordering="beat")
    def last_beat(self, worker: Worker) -> str:
        return shown.moment(worker.beat)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"title": "Workers", **(extra_context or {})})

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        # There is nothing to see of one but its row in the list.
        return obj is None and super().has_view_permission(request)


def _names(text: str) -> str:
    return ", ".join(jsontext.load(text)) or shown.NOTHING
