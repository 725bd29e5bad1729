"""The conversations of docs/frames.json, held with real servers."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from channels_celery import topics
from channels_celery.topics import deleting

from .serving import Client, Server, guest_cookie

CONVERSATIONS = json.loads(
    (Path(__file__).parents[3] / "docs/frames.json").read_text(encoding="utf-8")
)
GUEST = "g0123456789abcdef0123"
OTHER_GUEST = "g11111111111111111111"


class Values:
    """What the texts with a dollar sign stand for."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}

    def fill(self, told: Any) -> Any:
        """With a value for each; one that nobody has said yet is the client's to choose."""
        if isinstance(told, dict):
            return {key: self.fill(value) for key, value in told.items()}
        if isinstance(told, list):
            return [self.fill(value) for value in told]
        if isinstance(told, str) and "$" in told:
            start, name = told.split("$")
            value = self._known.setdefault(name, secrets.token_hex(4))
            return f"{start}{value}" if start else value
        return told

    def fits(self, told: Any, found: Any) -> bool:
        """Whether that is what was told; new names take what is found."""
        if isinstance(told, str) and told.startswith("$"):
            return bool(self._known.setdefault(told[1:], found) == found)
        if isinstance(told, dict) and isinstance(found, dict):
            return told.keys() == found.keys() and all(
                self.fits(told[key], found[key]) for key in told
            )
        if isinstance(told, list) and isinstance(found, list):
            return len(told) == len(found) and all(map(self.fits, told, found))
        return bool(self.fill(told) == found)


class Conversation:
    """A client that says what is written, to a server that is compared with what is written."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._values = Values()
        self._client: Client

    def take(self, key: str, told: Any) -> None:
        match key, told:
            case ("page", ["connect"]) | ("log", ["cut"]):
                self._client = self._server.client(Cookie=guest_cookie(GUEST))
            case "log", [what, *rest]:
                self._log(what, *self._values.fill(rest))
            case "C", frame:
                self._client.tell(**self._values.fill(frame))
            case "raw", text:
                self._client.socket.send(text)
            case "S", frame:
                found = self._next(pings=frame["op"] == "ping")
                assert self._values.fits(frame, found), f"expected {frame}, got {found}"
            case "close", code:
                with pytest.raises(ConnectionClosed) as closed:
                    self._client.socket.recv(timeout=20)
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == code

    def _log(self, what: str, topic: str = "", data: Any = None) -> None:
        match what:
            case "publish":
                topics.publish(topic, "message", data)
            case "renew":
                deleting.renew(topic)
            case "recheck":
                topics.recheck(topic=topic)
            case "join":
                self._server.client(Cookie=guest_cookie(OTHER_GUEST)).follow(topic)
            case "lost":
                self._next(pings=False)

    def _next(self, *, pings: bool) -> dict[str, Any]:
        while True:
            frame: dict[str, Any] = json.loads(self._client.socket.recv(timeout=20))
            if frame["op"] == "ping" and not pings:
                self._client.tell(op="pong", n=frame["n"])
            elif not _is_own_join(frame):
                return frame


def _is_own_join(frame: dict[str, Any]) -> bool:
    """It comes before the list that is asked for, or not at all: whichever was first."""
    members = frame["data"]["members"] if frame.get("type") == "presence.join" else []
    return [member["id"] for member in members] == [GUEST]


def test_servers_say_what_is_recorded(server: Server, ringing: None) -> None:
    for told in CONVERSATIONS:
        conversation = Conversation(server)
        for step in told["steps"]:
            ((key, value),) = step.items()
            try:
                conversation.take(key, value)
            except AssertionError as error:
                raise AssertionError(f"{told['name']}: {step}") from error
