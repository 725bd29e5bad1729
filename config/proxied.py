from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

#: What a WSGI server calls.
Application = Callable[..., Iterable[bytes]]


def proxied(application: Application) -> Application:
    """The application behind a proxy that writes X-Forwarded-For itself: requests come from there.

    What `daphne --proxy-headers` does; WSGI servers leave it to the application.
    """

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # The last is the proxy's own word; what stands before it a visitor may have written.
        if address := environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip():
            environ["REMOTE_ADDR"] = address
        return application(environ, start_response)

    return call
