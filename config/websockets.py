"""What stands before the site's own websockets: the origin's check and the refusal of the rest."""

from __future__ import annotations

from typing import Any

from channels_celery.topics import origin


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """Turn a websocket away before it is opened: the browser sees HTTP 403."""
    await receive()
    await send({"type": "websocket.close"})


class SameOrigin:
    """Lets in what no browser sent, and pages of this site; a foreign page is refused."""

    # It stands before routers: Channels' URLRouter hands them the rest of the path.
    _path_routing = True

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        application = refuse if origin.refusal(scope) else self._application
        await application(scope, receive, send)
