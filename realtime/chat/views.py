from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseBase,
    JsonResponse,
)
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from channels_celery import topics
from realtime.address import address_of

from . import history
from .describe import describe_by
from .models import NAME_LENGTH, TEXT_LENGTH, Room
from .rooms import NotOpened, newest, open_room
from .topics import ROOMS, topic_of


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def rooms(request: HttpRequest) -> HttpResponseBase:
    """The rooms to choose from; a POST of `name` opens one, or enters the one that is there."""
    if request.method != "POST":
        return _rooms(request)
    name = request.POST.get("name", "")
    try:
        return redirect("chat:room", open_room(name, _opener(request)).slug)
    except NotOpened as problem:
        status = 429 if problem.wait else 400
        answer = _rooms(request, status=status, problem=str(problem), wanted=name)
        if problem.wait:
            answer["Retry-After"] = problem.wait
        return answer


@never_cache
@vary_on_headers("Accept")
@csrf_protect
@require_safe
def room(request: HttpRequest, room: str) -> HttpResponse:
    """A room as a page or, with its messages before the number `before`, as JSON."""
    found = Room.objects.filter(pk=room).first()
    if found is None:
        return _rooms(request, status=404, missing=room, wanted=room)
    before = request.GET.get("before")
    if before is not None and not (before.isascii() and before.isdigit()):
        return HttpResponseBadRequest("before: expected a message's number.")
    # Positions first, then the state: what happens in between arrives as events.
    context = _frame(request) | {"position": topics.position(topic_of(room))}
    page = history.page(found, None if before is None else int(before))
    messages = [describe_by(message) for message in page.messages]
    state = {"messages": messages, "more": page.more}
    if _wants_json(request):
        return JsonResponse(state | {"position": asdict(context["position"])})
    context |= {"room": found, "topic": topic_of(room), "page": page, "state": state}
    return render(request, "chat/room.html", context | {"text_length": TEXT_LENGTH})


def _rooms(request: HttpRequest, status: int = 200, **more: Any) -> HttpResponse:
    return render(request, "chat/rooms.html", _frame(request) | more, status=status)


def _opener(request: HttpRequest) -> str:
    """Whose rooms are counted; a guest's address, as another guest's id costs nothing."""
    visitor = topics.visitor(request)
    return address_of(request) if visitor.user.is_anonymous else visitor.id or ""


def _frame(request: HttpRequest) -> dict[str, Any]:
    """What the list of rooms needs, beside whatever a page shows."""
    visitor = topics.visitor(request)
    if visitor.id is None:
        raise Http404("This page needs a session.")
    position = topics.position(ROOMS)
    return {
        "visitor": visitor,
        "rooms_topic": ROOMS,
        "rooms_position": position,
        "rooms": newest(),
        "name_length": NAME_LENGTH,
    }


def _wants_json(request: HttpRequest) -> bool:
    offered = ["text/html", "application/json"]
    return request.get_preferred_type(offered) == "application/json"
