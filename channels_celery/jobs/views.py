from __future__ import annotations

from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from channels_celery.errors import DatabaseAway
from channels_celery.topics import Refused, access, visitors

from .snapshot import snapshot, topic_of


@never_cache
@require_safe
def job(request: HttpRequest, job: UUID) -> HttpResponse:
    """The snapshot of a job for whoever may read its topic; one without a topic is staff's."""
    try:
        topic = topic_of(job)
        known = snapshot(job) if topic is not None and _may_read(request, topic) else None
    except (DatabaseAway, InterfaceError, OperationalError):
        error = {"code": "unavailable", "message": "The job can not be looked up now."}
        return JsonResponse({"error": error}, status=503, headers={"Retry-After": "1"})
    except Refused as refused:
        # Of the credentials: rules only grant or not.
        error = {"code": refused.code, "message": refused.reason}
        headers = {"WWW-Authenticate": "Bearer"}
        return JsonResponse({"error": error}, status=401, headers=headers)
    if known is None:
        # The same answer for both: an id does not tell a stranger that the job exists.
        error = {"code": "not_found", "message": "There is no such job, or it is not yours to see."}
        return JsonResponse({"error": error}, status=404)
    return JsonResponse(known)


def _may_read(request: HttpRequest, topic: str) -> bool:
    if topic:
        return access.access_of(visitors.visitor(request, bearer=True), topic).read
    user = getattr(request, "user", None)
    return bool(user is not None and user.is_active and user.is_staff)
