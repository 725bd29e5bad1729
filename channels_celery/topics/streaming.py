from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from channels_celery.errors import NotSupported

from . import origin, protocol
from .access import Refused
from .connection import LINGER_SECONDS, Connection
from .hub import Hub
from .stream_request import Wanted, wanted
from .stream_response import Send, StreamResponse, refuse

Receive = Callable[[], Awaitable[dict[str, Any]]]

#: A response ends after it: a reader that has gone unnoticed, or does not read, costs no more.
RESPONSE_SECONDS = 300.0


async def sse(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Topics as Server-Sent Events: `re_path("^events/", topics.sse)` in a URLRouter.

    It answers GET of `<topic>/` and of `?topic=…&topic=…`, and stands outside any auth stack as
    the websocket does. A response holds no thread and no database connection. It ends after 256 KB
    or five minutes; its reader goes on from the last event's id.
    """
    if scope["type"] != "http":
        raise NotSupported(
            f"topics.sse answers HTTP; this scope's type is {scope['type']!r}. "
            'Mount it under "http" of the ProtocolTypeRouter.'
        )
    try:
        asked = _asked(scope)
    except Refused as refused:
        await refuse(send, refused)
    else:
        await _respond(StreamResponse(asked, send), scope, receive)


def _asked(scope: dict[str, Any]) -> list[Wanted]:
    if scope["method"] != "GET":
        raise Refused("method", "Events are read with GET.")
    if (foreign := origin.refusal(scope)) is not None:
        raise Refused("origin", foreign)
    return wanted(scope)


async def _respond(response: StreamResponse, scope: dict[str, Any], receive: Receive) -> None:
    hub = Hub.current()
    connection = Connection(hub, scope, response.take)
    if hub.leaving:
        connection.close(protocol.SHUTDOWN, "The server restarts.")
    hub.connections.add(connection)
    try:
        response.ask(connection)
        await _until_its_end(response, connection, receive)
    except asyncio.CancelledError:
        # Ours, when the server took no more of a response that we closed.
        if not connection.closed:
            raise
    finally:
        hub.connections.discard(connection)
        connection.gone()


async def _until_its_end(
    response: StreamResponse, connection: Connection, receive: Receive
) -> None:
    left = asyncio.ensure_future(_left(receive))
    ends = {left, response.ended}
    try:
        await asyncio.wait(ends, timeout=RESPONSE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not any(end.done() for end in ends):
            connection.outlet.write({"type": "websocket.close"})
            await asyncio.wait(ends, timeout=LINGER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        left.cancel()


async def _left(receive: Receive) -> None:
    """Until the reader has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
