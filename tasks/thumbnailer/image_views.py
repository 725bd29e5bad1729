from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from .asking import owner_of, refusal, wants_json
from .describe import describe_one
from .errors import Refused
from .models import Image
from .removal import remove
from .rerun import rerun
from .views import album


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "DELETE"])
def image(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One image of the visitor's as JSON; a DELETE removes it."""
    found = _found(request, pk)
    if request.method == "DELETE":
        remove(found)
        return HttpResponse(status=204)
    described = describe_one(found)
    if described is None:
        raise Http404
    return JsonResponse(described)


@never_cache
@csrf_protect
@require_POST
def again(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Has failed work on an image of the visitor's done again."""
    return _changed(request, pk, rerun)


@never_cache
@csrf_protect
@require_POST
def removed(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """What DELETE does, for a form."""
    return _changed(request, pk, remove)


def _changed(request: HttpRequest, pk: UUID, change: Callable[[Image], None]) -> HttpResponseBase:
    found = _found(request, pk)
    try:
        change(found)
    except Refused as refused:
        if wants_json(request):
            return refusal(refused)
        return album(request, owner_of(request), refused)
    return HttpResponse(status=204) if wants_json(request) else redirect("thumbnailer:images")


def _found(request: HttpRequest, pk: UUID) -> Image:
    return get_object_or_404(Image, pk=pk, owner=owner_of(request))
