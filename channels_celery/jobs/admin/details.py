from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from channels_celery import jsontext
from channels_celery.jobs.models import Job

from . import events, shown

#: The sections, with the attribute that a line is left out without; "" shows it always.
SECTIONS: dict[str | None, dict[str, str]] = {
    None: {
        "id": "",
        "channel": "",
        "state_badge": "",
        "attempts": "",
        "why": "",
        "progress_shown": "progress",
    },
    "Message and result": {"message_shown": "", "result_shown": "result"},
    "Error": {"error_shown": "error", "traceback_shown": "traceback"},
    "Events": {"topic": "topic", "events_shown": ""},
    "Times": {
        "created_at": "",
        "ready_at": "",
        "started_at": "started",
        "finished_at": "finished",
        "took": "finished",
        "lease_until": "lease",
        "expires_at": "expires",
        "cancel_asked_at": "cancel_requested",
        "due_at": "due",
    },
    "Ledger": {
        "reply_channel": "reply_channel",
        "unique_key": "unique_key",
        "fence": "",
        "losses": "",
        "hints": "",
        "run": "run",
        "headers_shown": "",
    },
}


class JobDetails:
    """What a job's own page shows: only the lines that say something of this job."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        sections = [
            (title, [name for name, needs in lines.items() if _says(obj, needs)])
            for title, lines in SECTIONS.items()
        ]
        return [(title, {"fields": names}) for title, names in sections if names]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for lines in SECTIONS.values() for name in lines]

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


def _says(job: Job | None, needs: str) -> bool:
    return job is None or not needs or getattr(job, needs) not in (None, "")
