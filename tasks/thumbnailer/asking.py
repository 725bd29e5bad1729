"""Who asks, what kind of answer is wanted, and the answer to what is refused."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from channels_celery import topics

from .errors import Refused


def owner_of(request: HttpRequest) -> str:
    """The visitor's id, by which images are owned."""
    owner = topics.visitor(request).id
    if owner is None:
        raise Http404("This page needs a session.")
    return owner


def wants_json(request: HttpRequest) -> bool:
    offered = ["text/html", "application/json"]
    return request.get_preferred_type(offered) == "application/json"


def refusal(refused: Refused) -> JsonResponse:
    error = {"code": refused.code, "message": str(refused)}
    return JsonResponse({"error": error}, status=refused.status, headers=refused.headers)


def refusal_page(request: HttpRequest, refused: Refused) -> HttpResponse:
    """The refusal where nobody has looked yet who asks: it writes nothing to the session."""
    if wants_json(request):
        return refusal(refused)
    context = {"refused": refused}
    return render(request, "thumbnailer/refused.html", context, status=refused.status)
