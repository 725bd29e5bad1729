from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from tests.acceptance.site import Site

#: redis-py 8 gives up a silent connection after 5 s by default.
IDLE_SECONDS = 30
#: redis-py 8 stops at 100 connections by default.
SOCKETS = 300


def dial(site: Site, path: str = "/chat/", origin: str | None = None) -> connect:
    # Keep-alive pings would hide that a silent socket has died.
    return connect(
        site.websocket_url + path,
        origin=Origin(origin) if origin else None,
        ping_interval=None,
        open_timeout=60,
        proxy=None,
    )


async def echoed(socket: ClientConnection, frame: str | bytes) -> str | bytes:
    await socket.send(frame)
    return await asyncio.wait_for(socket.recv(), 30)


@pytest.mark.parametrize("frame", ["hello", "zwölf 🐇", b"\x00\xff bytes", b"{}"])
async def test_frame_comes_back_as_it_was_sent(site: Site, frame: str | bytes) -> None:
    async with dial(site) as socket:
        assert await echoed(socket, frame) == frame


@pytest.mark.proof
async def test_three_hundred_sockets_live_at_once_and_when_idle_for_half_a_minute(
    site: Site,
) -> None:
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(dial(site)) for _ in range(SOCKETS)]
        said = [f"socket {n}" for n in range(SOCKETS)]
        # The first one has never said anything.
        assert await asyncio.gather(*map(echoed, sockets[1:], said[1:])) == said[1:]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sockets[0].recv(), IDLE_SECONDS)
        assert await asyncio.gather(*map(echoed, sockets, said)) == said


@pytest.mark.parametrize("path", ["/", "/chat", "/chat/room/", "/chats/", "/admin/"])
async def test_other_paths_are_refused(site: Site, path: str) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with dial(site, path):
            pass

    assert refusal.value.response.status_code == 403


async def test_page_of_the_site_may_connect(site: Site) -> None:
    async with dial(site, origin=site.url) as socket:
        assert await echoed(socket, "hello") == "hello"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://127.0.0.1.evil.example", "null"]
)
async def test_foreign_page_is_refused(site: Site, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with dial(site, origin=origin):
            pass

    assert refusal.value.response.status_code == 403
