from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from channels_celery import topics

from .models import Image, Thumbnail

#: A thumbnail's address is new with each upload and each spec, and its bytes never change.
THUMBNAIL_CACHE = "private, max-age=31536000, immutable"


@require_safe
def thumbnail(_: HttpRequest, token: str, spec: int, size: int) -> HttpResponse:
    """A thumbnail, to whoever knows its address."""
    made = get_object_or_404(Thumbnail, content__images__token=token, spec=spec, size=size)
    return _served(made.file_name, "image/webp", {"Cache-Control": THUMBNAIL_CACHE})


@never_cache
@require_safe
def original(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The file as it was uploaded, to its owner alone and never shown inline."""
    found = Image.objects.select_related("content")
    image = get_object_or_404(found, pk=pk, owner=topics.visitor(request).id)
    disposition = content_disposition_header(True, image.name)
    headers = {"Content-Disposition": disposition, "Content-Security-Policy": "sandbox"}
    return _served(image.content.original_name, "application/octet-stream", headers)


def _served(name: str, content_type: str, headers: dict[str, str]) -> HttpResponse:
    response = HttpResponse(content_type=content_type, headers=headers)
    response["X-Content-Type-Options"] = "nosniff"
    if place := getattr(settings, "MEDIA_ACCEL", ""):
        # The proxy sends the file; what it is told here stays out of the answer.
        response["X-Accel-Redirect"] = f"{place.rstrip('/')}/{quote(name)}"
        return response
    try:
        with default_storage.open(name) as file:
            response.content = file.read()
    except FileNotFoundError:
        raise Http404 from None
    return response
