from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache


@never_cache
def start(request: HttpRequest) -> HttpResponse:
    """The first page: what can be done here."""
    return render(request, "site/start.html")
