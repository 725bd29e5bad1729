from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from channels_celery.jobs import operating
from channels_celery.jobs.models import Job
from channels_celery.jobs.operating import Done

#: Named by the buttons of a job's own page: they lead back to it.
BACK = "back"


@admin.action(permissions=["operate"], description="Retry the selected failed jobs")
def retry(model: Any, request: HttpRequest, jobs: QuerySet[Job]) -> HttpResponse | None:
    return _operate(model, request, jobs, operating.retry)


@admin.action(permissions=["operate"], description="Cancel the selected jobs")
def cancel(model: Any, request: HttpRequest, jobs: QuerySet[Job]) -> HttpResponse | None:
    return _operate(model, request, jobs, operating.cancel)


def _operate(
    model: Any, request: HttpRequest, jobs: QuerySet[Job], operate: Callable[[UUID], Done]
) -> HttpResponse | None:
    done = []
    for job in jobs:
        one = operate(job.pk)
        done.append(one)
        if one.ok:
            model.log_change(request, job, one.said)
    _tell(request, done)
    if BACK in request.POST and len(done) == 1:
        return HttpResponseRedirect(reverse(_page(model, "change"), args=[done[0].job]))
    return None


def _tell(request: HttpRequest, done: Iterable[Done]) -> None:
    """One message for each thing that happened, with the number of jobs."""
    counts = Counter((one.ok, one.said) for one in done)
    for (ok, said), count in sorted(counts.items(), reverse=True):
        level = messages.SUCCESS if ok else messages.WARNING
        noun = "job" if count == 1 else "jobs"
        messages.add_message(request, level, f"{count} {noun}: {said}.")


def _page(model: Any, view: str) -> str:
    return f"{model.admin_site.name}:{model.opts.app_label}_{model.opts.model_name}_{view}"
