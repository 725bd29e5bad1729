from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from channels_celery import topics

from .describe import describe
from .models import Image
from .programs import programs_may_post
from .removal import remove
from .topics import topics_of
from .uploads import Refused, accept

#: Newest first; older ones are kept and have their address, but the page does not show them.
SHOWN = 200


@never_cache
@vary_on_headers("Accept")
@programs_may_post
@require_http_methods(["GET", "HEAD", "POST"])
def images(request: HttpRequest) -> HttpResponseBase:
    """The visitor's images as a page or as JSON; a POST uploads some."""
    owner = _owner(request)
    if request.method != "POST":
        return _album(request, owner)
    try:
        accepted = accept(owner, request.FILES.getlist("image"))
    except Refused as refused:
        return _refusal(request, owner, refused)
    if _wants_json(request):
        return JsonResponse({"images": accepted}, status=201)
    return redirect("thumbnailer:images")


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "DELETE"])
def image(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One image of the visitor's as JSON; a DELETE removes it."""
    found = get_object_or_404(Image, pk=pk, owner=_owner(request))
    if request.method == "DELETE":
        remove(found)
        return HttpResponse(status=204)
    positions = {found.topic: topics.position(found.topic)}
    # Read again: the state has to be younger than the position.
    current = Image.objects.filter(pk=pk).prefetch_related("thumbnails")
    described = describe(current, positions)
    if not described:
        raise Http404
    return JsonResponse(described[0])


def _album(
    request: HttpRequest, owner: str, refused: Refused | None = None, status: int = 200
) -> HttpResponse:
    # Positions first, then the state: what happens in between arrives as events.
    positions = {topic: topics.position(topic) for topic in topics_of(owner)}
    newest = Image.objects.filter(owner=owner, topic__in=positions).order_by("-created", "-pk")
    described = describe(newest.prefetch_related("thumbnails")[:SHOWN], positions)
    if _wants_json(request):
        return JsonResponse({"images": described})
    context = {"images": described, "positions": positions, "refused": refused}
    return render(request, "thumbnailer/images.html", context, status=status)


def _refusal(request: HttpRequest, owner: str, refused: Refused) -> HttpResponse:
    if _wants_json(request):
        error = {"code": refused.code, "message": str(refused)}
        return JsonResponse({"error": error}, status=refused.status)
    return _album(request, owner, refused, refused.status)


def _owner(request: HttpRequest) -> str:
    owner = topics.visitor(request).id
    if owner is None:
        raise Http404("This page needs a session.")
    return owner


def _wants_json(request: HttpRequest) -> bool:
    offered = ["text/html", "application/json"]
    return request.get_preferred_type(offered) == "application/json"
