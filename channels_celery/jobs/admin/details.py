from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from channels_celery import jsontext
from channels_celery.jobs.models import Job

from . import events, shown

SECTIONS: dict[str | None, list[str]] = {
    None: ["id", "channel", "state_badge", "attempts", "why", "progress_shown"],
    "Message and result": ["message_shown", "result_shown"],
    "Error": ["error_shown", "traceback_shown"],
    "Events": ["topic", "events_shown"],
    "Times": [
        *("created_at", "ready_at", "started_at", "finished_at", "took"),
        *("lease_until", "expires_at", "cancel_asked_at", "due_at"),
    ],
    "Ledger": [
        *("reply_channel", "unique_key", "fence", "losses", "hints", "run", "headers_shown"),
    ],
}


class JobDetails:
    """What a job's own page shows."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return [(title, {"fields": fields}) for title, fields in SECTIONS.items()]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for fields in SECTIONS.values() for name in fields]

    @admin.display(description="progress")
    def progress_shown(self, job: Job) -> str:
        return "{} of {}".format(*jsontext.load(job.progress)) if job.progress else shown.NOTHING

    @admin.display(description="message")
    def message_shown(self, job: Job) -> str:
        return shown.json_block(job.message)

    @admin.display(description="result")
    def result_shown(self, job: Job) -> str:
        return shown.json_block(job.result)

    @admin.display(description="error")
    def error_shown(self, job: Job) -> str:
        if not job.error:
            return shown.NOTHING
        error = jsontext.load(job.error)
        return f"{error['message']} ({error['code']})"

    @admin.display(description="traceback")
    def traceback_shown(self, job: Job) -> str:
        return shown.block(job.traceback)

    @admin.display(description="events")
    def events_shown(self, job: Job) -> str:
        return events.table(job)

    @admin.display(description="headers")
    def headers_shown(self, job: Job) -> str:
        return shown.json_block(job.headers)

    @admin.display(description="accepted")
    def created_at(self, job: Job) -> str:
        return shown.full_moment(job.created)

    @admin.display(description="may run since")
    def ready_at(self, job: Job) -> str:
        return shown.full_moment(job.ready)

    @admin.display(description="last attempt began")
    def started_at(self, job: Job) -> str:
        return shown.full_moment(job.started)

    @admin.display(description="ended")
    def finished_at(self, job: Job) -> str:
        return shown.full_moment(job.finished)

    @admin.display(description="lease until")
    def lease_until(self, job: Job) -> str:
        return shown.full_moment(job.lease)

    @admin.display(description="expires")
    def expires_at(self, job: Job) -> str:
        return shown.full_moment(job.expires)

    @admin.display(description="asked to stop")
    def cancel_asked_at(self, job: Job) -> str:
        return shown.full_moment(job.cancel_requested)

    @admin.display(description="next look")
    def due_at(self, job: Job) -> str:
        return shown.full_moment(job.due)
