from __future__ import annotations

import time
from collections import deque

from playwright.sync_api import Page, WebSocket

FRAMES = 30
FRAME_LETTERS = 200


class Talk:
    """The last frames of a page's websockets, for whoever asks why something did not come."""

    def __init__(self, page: Page) -> None:
        self._lines: deque[str] = deque(maxlen=FRAMES)
        page.on("websocket", self._listen)

    def __str__(self) -> str:
        return "\n".join(self._lines)

    def _listen(self, socket: WebSocket) -> None:
        self._note("opens", socket.url)
        socket.on("framesent", lambda frame: self._note("says", frame))
        socket.on("framereceived", lambda frame: self._note("hears", frame))
        socket.on("socketerror", lambda error: self._note("fails", error))
        socket.on("close", lambda _: self._note("closes", socket.url))

    def _note(self, what: str, text: str | bytes) -> None:
        self._lines.append(f"  {time.monotonic():.3f} {what} {text[:FRAME_LETTERS]!r}")
