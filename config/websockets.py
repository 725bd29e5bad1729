"""What stands before the site's own websockets: the origin's check and the refusal of the rest."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    Scope,
    WebSocketCloseEvent,
)
from django.conf import settings
from django.http.request import split_domain_port, validate_host


async def refuse(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Turn a websocket away before it is opened: the browser sees HTTP 403."""
    await receive()
    await send(WebSocketCloseEvent(type="websocket.close", code=1000, reason=None))


class SameOrigin:
    """Lets in what no browser sent, and pages of this site; a foreign page is refused."""

    # It stands before routers: Channels' URLRouter hands them the rest of the path.
    _path_routing = True

    def __init__(self, application: ASGI3Application) -> None:
        self._application = application

    async def __call__(
        self, scope: Any, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        allowed = _allowed(dict(scope["headers"]))
        await (self._application if allowed else refuse)(scope, receive, send)


def _allowed(headers: dict[bytes, bytes]) -> bool:
    if b"origin" not in headers:
        return True
    origin = headers[b"origin"].decode("latin1")
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    host = headers.get(b"host", b"").decode("latin1").lower()
    # The host itself is checked, too: a foreign name may point at this address.
    domain, _ = split_domain_port(host)
    return urlsplit(origin).netloc == host and validate_host(domain, settings.ALLOWED_HOSTS)
