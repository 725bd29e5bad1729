from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt, csrf_protect

View = Callable[..., HttpResponseBase]


def programs_may_post(view: View) -> View:
    """Django's CSRF protection, except for a POST that no browser can have sent.

    A browser always sends one of these headers with a POST. "No cookie" alone would not do:
    under SameSite=Lax a foreign page's form posts without one, and the answer would replace
    the visitor's session.
    """
    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST" and _no_browser(request):
            return view(request, *args, **kwargs)
        return protected(request, *args, **kwargs)

    return guarded


def _no_browser(request: HttpRequest) -> bool:
    return not any(request.headers.get(name) for name in ("Cookie", "Origin", "Sec-Fetch-Site"))
