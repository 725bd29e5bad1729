"""autobahn colours the words of a debug line for every frame, whether or not anybody reads it.

That is a tenth of a fan-out under Daphne. Here they are coloured once the line is written.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

#: Looked up, never imported: nobody but Daphne needs it.
_PROTOCOL = "autobahn.websocket.protocol"
#: What it calls for each word: autobahn 26.10, websocket/protocol.py, `sendData`.
_COLOURS = "hltype", "hlval"


class _Later:
    """A word that is coloured when it is read."""

    __slots__ = ("_colour", "_options", "_word")

    def __init__(self, colour: Callable[..., str], word: Any, **options: Any) -> None:
        self._colour, self._word, self._options = colour, word, options

    def __str__(self) -> str:
        return self._colour(self._word, **self._options)


def install() -> None:
    """Have autobahn, where it is loaded, colour nothing that is not read."""
    protocol = sys.modules.get(_PROTOCOL)
    for name in _COLOURS:
        colour = getattr(protocol, name, None)
        if colour is not None and not isinstance(colour, partial):
            setattr(protocol, name, partial(_Later, colour))
