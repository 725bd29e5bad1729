from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@never_cache
@require_safe
def console(request: HttpRequest) -> HttpResponse:
    """A page from which a person talks to the echo, frame by frame."""
    return render(request, "echo/console.html")
