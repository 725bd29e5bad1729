from __future__ import annotations

import io
import json
from typing import Any

from daphne.http_protocol import WebRequest
from django.template.loader import render_to_string

from tasks.thumbnailer.limits import current

from .bodies import RETRY_SECONDS, Refusal, Room, too_large
from .csp import POLICY

#: How long a refused sender may go on sending, so that it comes to reading why: without that the
#: connection would be reset, and the answer lost.
LINGER_SECONDS = 30

_room = Room()


class BoundedRequest(WebRequest):
    """Daphne's request, which takes no larger body than there is room for, and no mount point."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs, parsePOSTFormSubmission=False)
        self._refused = False
        self._holds = self._taken = 0

    def gotLength(self, length: int | None) -> None:  # noqa: N802 - Twisted's name
        """The headers are there, of the body nothing is read."""
        granted = _room.take(length)
        if isinstance(granted, Refusal):
            self._refuse(granted)
        else:
            self._holds = granted
            super().gotLength(length)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        if self._refused:
            return
        self._taken += len(data)
        # Only one without a length, in chunks, can still become too large.
        if self._taken > current().REQUEST_BYTES:
            self.content.close()
            self._refuse(too_large())
        else:
            super().handleContentChunk(data)

    def process(self) -> None:
        """The body has come whole."""
        # Daphne takes the site's mount point from it, from any client: a wrong one is an error, one
        # that fits the path hides from a proxy which page is asked for. `--root-path` is the way.
        self.requestHeaders.removeHeader(b"Daphne-Root-Path")
        if self._refused:
            self.finish()
        else:
            if self._taken and not self.requestHeaders.hasHeader(b"Content-Length"):
                # It came in chunks, which Django takes for no body at all.
                self.requestHeaders.setRawHeaders(b"Content-Length", [b"%d" % self._taken])
            super().process()
            # The application has it all by now: one copy less while it works.
            self.content.close()

    def finish(self) -> None:
        self._leave()
        super().finish()

    def connectionLost(self, reason: Any) -> None:  # noqa: N802
        self._leave()
        super().connectionLost(reason)

    def _leave(self) -> None:
        _room.give_back(self._holds)
        self._holds = 0

    def _refuse(self, refusal: Refusal) -> None:
        """Answer at once, drop what still comes, close the connection at its end."""
        self._leave()
        self._refused = True
        self.content = io.BytesIO()
        # Who waits to be told to go on is told no.
        self.requestHeaders.removeHeader(b"Expect")
        self.clientproto = b"HTTP/1.1"
        self.channel.persistent = False
        body = self._answer(refusal)
        self.write(body)
        self.channel.callLater(LINGER_SECONDS, self._hang_up)

    def _answer(self, refusal: Refusal) -> bytes:
        accepts = self.requestHeaders.getRawHeaders(b"Accept") or [b""]
        if b"application/json" in b",".join(accepts):
            kind = "application/json"
            told = {"error": {"code": refusal.code, "message": refusal.message}}
            body = json.dumps(told).encode()
        else:
            kind = "text/html; charset=utf-8"
            body = render_to_string("refusal.html", {"refusal": refusal}).encode()
        self.setResponseCode(refusal.status)
        headers = {
            "Connection": "close",
            "Content-Length": str(len(body)),
            "Content-Security-Policy": POLICY,
            "Content-Type": kind,
            "X-Content-Type-Options": "nosniff",
        }
        if refusal.status == 503:
            headers["Retry-After"] = str(RETRY_SECONDS)
        for name, value in headers.items():
            self.setHeader(name, value)
        return body

    def _hang_up(self) -> None:
        if self.channel is not None:
            self.channel.loseConnection()
