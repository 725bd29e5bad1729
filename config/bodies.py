"""What Daphne may take of requests' bodies, whole and at once, before the application is asked.

Daphne calls the application only when a body has come whole. Until then Twisted keeps it in a
temporary file of any size, then parses every form in memory, whose outcome nobody looks at: one
upload of 25 MB takes 340 MB. So a body that is too large, or one too many, is refused here, at
its headers; nothing is parsed; and what is being received is bounded over all requests.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from tasks.thumbnailer.limits import MEGABYTE, current

RETRY_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer to a body that is not taken."""

    status: int
    code: str
    message: str


class Room:
    """Bytes of bodies that the process may hold at once."""

    def __init__(self) -> None:
        self._held = 0

    def take(self, length: int | None) -> int | Refusal:
        """Keep room for a body, to `give_back`; one without a length may become the largest."""
        most = current().REQUEST_BYTES
        wanted = most if length is None else length
        if wanted > most:
            return too_large()
        if self._held + wanted > settings.BODIES_MB * MEGABYTE:
            text = "Too many uploads are under way. Try again in a moment."
            return Refusal(503, "busy", text)
        self._held += wanted
        return wanted

    def give_back(self, held: int) -> None:
        self._held -= held


def too_large() -> Refusal:
    size = current().REQUEST_BYTES // MEGABYTE
    return Refusal(413, "too_large", f"This is more than {size} MB at once. Send less.")


def bound_daphne() -> None:
    """Let the Daphne that runs this process, if one does, make bounded requests."""
    protocol: Any = sys.modules.get("daphne.http_protocol")
    if protocol is not None:
        from .bounded import BoundedRequest

        # Looked up by this name for each connection; Daphne has no setting for it.
        protocol.WebRequest = BoundedRequest
