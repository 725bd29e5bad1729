from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

#: No inline script or style anywhere; `blob:` is the browser's own preview of a chosen file.
POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


class ContentSecurityPolicy(MiddlewareMixin):
    """Gives every answer the site's policy; a view may set a stricter one itself."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        # Django's debug pages are all inline style; nobody else sees them.
        if not (settings.DEBUG and response.status_code in {404, 500}):
            response.headers.setdefault("Content-Security-Policy", POLICY)
        return response
