from __future__ import annotations

import json

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from channels_celery import send
from channels_celery.errors import DatabaseAway

#: Jobs accepted in one transaction of `flood`.
TOGETHER = 1_000


@csrf_exempt
def accept(request: HttpRequest) -> JsonResponse:
    """Accept one job; only a 200 is a promise."""
    given = json.loads(request.body)
    try:
        receipt = send(given["channel"], given["message"], topic=given["topic"])
    except DatabaseAway as error:
        return JsonResponse({"error": str(error)}, status=503)
    return JsonResponse({"id": str(receipt.id)})


@csrf_exempt
def flood(request: HttpRequest) -> JsonResponse:
    with transaction.atomic():
        for _ in range(TOGETHER):
            send("slow", {})
    return JsonResponse({"accepted": TOGETHER})


urlpatterns = [path("send/", accept), path("flood/", flood)]
