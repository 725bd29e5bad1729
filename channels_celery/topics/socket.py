from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from channels_celery.errors import NotSupported

from . import origin, protocol
from .connection import Connection
from .hub import Hub
from .operations import GREETING
from .outlet import Send

SPOKEN = f"{protocol.FAMILY}{protocol.VERSION}"

Receive = Callable[[], Awaitable[dict[str, Any]]]


async def websocket(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The websocket application of topics: `path("ws/", topics.websocket)` in a URLRouter.

    It stands outside any auth stack: it reads Django's session itself, in the hub's threads, and
    takes `scope["user"]` where a stack above has set it.
    """
    if scope["type"] != "websocket":
        raise NotSupported(
            f"topics.websocket answers websockets; this scope's type is {scope['type']!r}. "
            'Mount it under "websocket" of the ProtocolTypeRouter.'
        )
    if (await receive())["type"] != "websocket.connect":
        return
    # Accepted even if refused next: before that a browser could not be told why.
    await send({"type": "websocket.accept", "subprotocol": _version(scope)})
    connection = Connection(Hub.current(), scope, send)
    if _admit(connection):
        await _listen(connection, receive)


def _version(scope: Mapping[str, Any]) -> str | None:
    """Which of the client's versions is answered: ours if it speaks it; None if it names none.

    A browser that offered some takes no answer without one of them, not even why it is closed.
    """
    offered = [one for one in scope.get("subprotocols", ()) if one.startswith(protocol.FAMILY)]
    if not offered:
        return None
    return SPOKEN if SPOKEN in offered else offered[0]


def _admit(connection: Connection) -> bool:
    refused = origin.refusal(connection.scope)
    if refused is not None:
        connection.close(protocol.ORIGIN, refused)
    elif _version(connection.scope) not in (None, SPOKEN):
        connection.close(protocol.OTHER_VERSION, f"This server speaks {SPOKEN}.")
    elif connection.hub.leaving:
        connection.close(protocol.SHUTDOWN, "The server restarts.")
    return not connection.closed


async def _listen(connection: Connection, receive: Receive) -> None:
    hub = connection.hub
    hub.connections.add(connection)
    connection.queue(GREETING)
    try:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            connection.take(message.get("text"))
            # Else a socket keeps its last frame until the next one comes: uvicorn takes 16 MB.
            del message
    except asyncio.CancelledError:
        # Ours, when the server did not report the end of a socket that we closed.
        if not connection.closed:
            raise
    finally:
        hub.connections.discard(connection)
        connection.gone()
