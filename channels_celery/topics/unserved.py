"""What Django's own views say of event streams: that they are not theirs to give."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse


def events(request: HttpRequest) -> JsonResponse:
    """Reached only where `topics.sse` is not mounted before Django, so under WSGI always."""
    message = (
        "This server holds no event streams: send /events/ to an ASGI server (Daphne, uvicorn) "
        "that has topics.sse mounted before Django."
    )
    return JsonResponse({"error": {"code": "not_served", "message": message}}, status=501)
