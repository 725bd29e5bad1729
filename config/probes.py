"""Health probes and scrapes come by address, not by name, and without TLS.

So they are answered before ALLOWED_HOSTS and the redirect to HTTPS are asked.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpRequest
from django.utils.decorators import sync_and_async_middleware

from channels_celery import metrics

from . import health

VIEWS: dict[str, Callable[..., Any]] = {
    "/healthz": health.process,
    "/readyz": health.ready,
    "/metrics": metrics.view,
}


@sync_and_async_middleware
def probes(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Answers VIEWS whatever the Host; stands before all other middleware."""

    async def of_asgi(request: HttpRequest) -> Any:
        view = VIEWS.get(request.path_info)
        if view is None:
            return await get_response(request)
        return await (view if iscoroutinefunction(view) else sync_to_async(view))(request)

    def of_wsgi(request: HttpRequest) -> Any:
        view = VIEWS.get(request.path_info)
        if view is None:
            return get_response(request)
        return (async_to_sync(view) if iscoroutinefunction(view) else view)(request)

    return of_asgi if iscoroutinefunction(get_response) else of_wsgi
