"""A client in another language's manner, written from docs/protocol.md alone."""

from __future__ import annotations

import json
import random
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

Frame = dict[str, Any]
#: A connection without `welcome`; later the server's own `ping_s` counts.
WELCOME_SECONDS = 10.0
GRACE_SECONDS = 10.0


class Textbook:
    """Follows topics and publishes, over whatever happens to its connections."""

    def __init__(self, address: str, reload: Callable[[str], None], **headers: str) -> None:
        self._address = address
        self._headers = headers
        self._reload = reload
        self._positions: dict[str, Frame | None] = {}
        self._unsent: dict[str, Frame] = {}
        #: Topics whose subscription is not answered yet.
        self._asked: set[str] = set()
        self._open = ExitStack()
        self._socket: ClientConnection | None = None
        self._silence = WELCOME_SECONDS
        self._attempts = 0
        self._id = 0
        #: What was handed on: the topic and the event.
        self.events: list[tuple[str, Frame]] = []
        #: Why it stopped, if it had to.
        self.stopped: int | None = None

    def follow(self, topic: str, position: Frame | None = None) -> None:
        self._positions[topic] = position
        if self._socket is not None:
            self._subscribe(topic)

    def publish(self, topic: str, type: str, data: Any) -> None:
        mid = str(uuid.uuid4())
        self._unsent[mid] = {"topic": topic, "mid": mid, "type": type, "data": data}
        if self._socket is not None:
            self._ask(op="publish", **self._unsent[mid])

    def run(self, done: Callable[[], bool], *, seconds: float = 30) -> None:
        """Follow until that is so."""
        end = time.monotonic() + seconds
        while not done() and self.stopped is None:
            assert time.monotonic() < end, f"only {len(self.events)} events came"
            try:
                self._hear()
            except (OSError, ConnectionClosed, TimeoutError) as error:
                self._lost(error)

    def cut(self) -> None:
        """Break the connection, as a network would."""
        assert self._socket is not None
        self._socket.socket.shutdown(socket.SHUT_RDWR)

    def _hear(self) -> None:
        if self._socket is None:
            opened = connect(self._address, additional_headers=self._headers, close_timeout=1)
            self._socket = self._open.enter_context(opened)
            self._silence = WELCOME_SECONDS
        self._take(json.loads(self._socket.recv(timeout=self._silence)))

    def _lost(self, error: Exception) -> None:
        code = error.rcvd.code if isinstance(error, ConnectionClosed) and error.rcvd else 1006
        bound = min(0.5 * 2**self._attempts, 20)
        self._attempts += 1
        self._leave(code, random.random() * bound)

    def _leave(self, code: int, seconds: float) -> None:
        self._socket = None
        self._open.close()
        if 4500 <= code <= 4599:
            self.stopped = code
        else:
            time.sleep(seconds)

    def _take(self, frame: Frame) -> None:
        match frame["op"]:
            case "welcome":
                self._begin(frame)
            case "ping":
                self._tell(op="pong", n=frame["n"])
            case "bye":
                self._leave(frame["code"], frame["retry_ms"] / 1000)
            case "subscribed" | "gap":
                self._move(frame)
            case "event":
                self._event(frame["topic"], frame)
            case "events":
                for event in frame["events"]:
                    self._event(frame["topic"], event)
            case "ok":
                self._unsent = {
                    mid: one for mid, one in self._unsent.items() if one["id"] != frame["id"]
                }

    def _begin(self, welcome: Frame) -> None:
        if welcome["v"] != 1:
            self._leave(4503, 0)
            return
        self._silence = welcome["ping_s"] + GRACE_SECONDS
        self._attempts = 0
        for topic in self._positions:
            self._subscribe(topic)
        for one in self._unsent.values():
            self._ask(op="publish", **one)

    def _subscribe(self, topic: str) -> None:
        position = self._positions[topic]
        self._asked.add(topic)
        self._ask(op="subscribe", topic=topic, **({"since": position} if position else {}))

    def _move(self, frame: Frame) -> None:
        self._asked.discard(frame["topic"])
        if not frame.get("recovered"):
            self._reload(frame["topic"])
        self._positions[frame["topic"]] = {key: frame[key] for key in ("epoch", "seq", "mid")}

    def _event(self, topic: str, event: Frame) -> None:
        if topic in self._asked:
            return
        position = self._positions[topic]
        assert position is not None
        if "seq" not in event:
            self.events.append((topic, event))
        elif event["seq"] == position["seq"] + 1:
            position |= {"seq": event["seq"], "mid": event["mid"]}
            self.events.append((topic, event))
        elif event["seq"] > position["seq"]:
            self._subscribe(topic)

    def _ask(self, **frame: Any) -> None:
        self._id += 1
        if "mid" in frame:
            self._unsent[frame["mid"]]["id"] = self._id
        self._tell(**{**frame, "id": self._id})

    def _tell(self, **frame: Any) -> None:
        if self._socket is not None:
            self._socket.send(json.dumps(frame))
