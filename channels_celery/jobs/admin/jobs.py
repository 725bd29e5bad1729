from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from channels_celery import jsontext, settings
from channels_celery.jobs import overview, stuck
from channels_celery.jobs.models import Job
from channels_celery.jobs.states import OPEN, WAITING, State

from . import actions, shown
from .details import JobDetails
from .filters import ByChannel, Stuck
from .read_only import ReadOnlyAdmin

_WITH_ERROR = (State.RETRYING, State.FAILED, State.CANCELLED)


class JobList(ChangeList):
    """A page of jobs, each with the reason why it is stuck."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        jobs = list(self.result_list)
        waiting = [job.pk for job in jobs if job.state in WAITING]
        late = set(stuck.stuck_jobs().filter(pk__in=waiting).values_list("pk", flat=True))
        why = stuck.reasons(job.channel for job in jobs if job.pk in late)
        for job in jobs:
            job.stuck_reason = why[job.channel] if job.pk in late else ""
        self.result_list = jobs


class JobAdmin(JobDetails, ReadOnlyAdmin[Job]):
    """The jobs: where each is, what it was given, what became of it, and why it is not further."""

    list_display = ["short_id", "channel", "state_badge", "attempts", "accepted", "took", "why"]
    list_filter = ["state", Stuck, ByChannel]
    search_fields = ["topic"]
    search_help_text = "A job's id, or the beginning of its topic."
    actions = [actions.retry, actions.cancel]
    ordering = ["-id"]
    list_per_page = 50
    # Each would count every job.
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return JobList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Job], search_term: str
    ) -> tuple[QuerySet[Job], bool]:
        try:
            return queryset.filter(pk=UUID(search_term.strip())), False
        except ValueError:
            found = queryset.filter(topic__startswith=search_term.strip())
            return (found if search_term else queryset), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {
            "title": "Jobs",
            "stuck": overview.summary(overview.tallies()),
            **(extra_context or {}),
        }
        return super().changelist_view(request, more)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        state = self._state(object_id) if self.has_operate_permission(request) else None
        more = {"may_retry": state == State.FAILED, "may_cancel": state in OPEN}
        return super().change_view(
            request, object_id, form_url, {**more, "back": actions.BACK, **(extra_context or {})}
        )

    def _state(self, object_id: str) -> str | None:
        try:
            job = UUID(object_id)
        except ValueError:
            return None
        jobs = Job.objects.using(settings.current().DATABASE).filter(pk=job)
        return jobs.values_list("state", flat=True).first()

    @admin.display(description="job", ordering="id")
    def short_id(self, job: Job) -> str:
        return format_html('<code title="{}">…{}</code>', job.pk, job.pk.hex[-12:])

    @admin.display(description="state", ordering="state")
    def state_badge(self, job: Job) -> str:
        return shown.badge(job.state)

    @admin.display(description="attempt")
    def attempts(self, job: Job) -> str:
        return f"{job.attempt} of {job.max_attempts}"

    @admin.display(description="accepted", ordering="id")
    def accepted(self, job: Job) -> str:
        return shown.moment(job.created)

    @admin.display(description="took")
    def took(self, job: Job) -> str:
        if job.started is None or job.finished is None:
            return shown.NOTHING
        return shown.duration(job.finished - job.started)

    @admin.display(description="why")
    def why(self, job: Job) -> str:
        """Why it is not further: the reason it is stuck for, else its error's text."""
        reason = getattr(job, "stuck_reason", None)
        if reason is None:
            reason = stuck.reason(job)
        if reason:
            return format_html("{} {}", shown.badge("stuck"), reason)
        if job.state == State.RUNNING and job.cancel_requested is not None:
            return "asked to stop"
        if job.error and job.state in _WITH_ERROR:
            return str(jsontext.load(job.error)["message"])
        return shown.NOTHING
