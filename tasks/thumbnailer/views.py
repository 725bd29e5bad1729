from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from channels_celery import topics

from . import limits, works
from .asking import owner_of, refusal, wants_json
from .describe import describe
from .errors import Refused
from .models import Image
from .payers import payers
from .programs import programs_may_post
from .receiving import files, receives_files
from .sentences import sentence
from .topics import topics_of
from .uploads import accept

#: Newest first; older ones are kept and have their address, but the page does not show them.
SHOWN = 200
#: Pixels of the thumbnail that a card shows, as in card.js.
CARD_SIZE = 320


@never_cache
@vary_on_headers("Accept")
@receives_files
@programs_may_post
@require_http_methods(["GET", "HEAD", "POST"])
def images(request: HttpRequest) -> HttpResponseBase:
    """The visitor's images as a page or as JSON; a POST uploads some."""
    owner = owner_of(request)
    if request.method != "POST":
        return album(request, owner)
    try:
        received, paying = files(request, "image"), payers(request, owner)
        accepted = accept(owner, paying, received, _chosen_id(request))
    except Refused as refused:
        return refusal(refused) if wants_json(request) else album(request, owner, refused)
    if wants_json(request):
        return JsonResponse({"images": accepted}, status=201)
    return redirect("thumbnailer:images")


def album(request: HttpRequest, owner: str, refused: Refused | None = None) -> HttpResponse:
    """The visitor's images, and why something was refused if it was."""
    # Positions first, then the state: what happens in between arrives as events.
    positions = {topic: topics.position(topic) for topic in topics_of(owner)}
    newest = Image.objects.filter(owner=owner, topic__in=positions).order_by("-created", "-pk")
    rows = list(newest[:SHOWN])
    known = works.works_of(rows)
    state = {"images": describe(rows, known, positions), "works": works.as_json(known)}
    if refused is None and wants_json(request):
        return JsonResponse(state)
    context = {
        "visitor": owner,
        "cards": _cards(rows, known, state),
        "state": state,
        "positions": positions,
        "refused": refused,
        "max_bytes": limits.current().FILE_BYTES,
        "max_megabytes": limits.current().FILE_BYTES // limits.MEGABYTE,
    }
    status = refused.status if refused else 200
    answer = render(request, "thumbnailer/images.html", context, status=status)
    for name, value in refused.headers.items() if refused else ():
        answer[name] = value
    return answer


def _cards(
    rows: list[Image], known: dict[UUID, works.Work], state: dict[str, Any]
) -> list[dict[str, Any]]:
    """What the page shows before its scripts run, or without them."""
    now = state["works"]["now"]
    return [
        {
            **image,
            "picture": _on_card(image["thumbnails"]),
            "says": sentence(image, known.get(row.job), now),
            "again": works.can_help(image["state"], image["error"]),
        }
        for row, image in zip(rows, state["images"], strict=True)
    ]


def _on_card(thumbnails: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The thumbnail for a card, of those there are, smallest first."""
    fitting = [made for made in thumbnails if made["size"] <= CARD_SIZE]
    return next(reversed(fitting or thumbnails[:1]), None)


def _chosen_id(request: HttpRequest) -> UUID | None:
    text = request.POST.get("id")
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Refused("bad_id", "The id of an image is a UUID.", 400) from None
