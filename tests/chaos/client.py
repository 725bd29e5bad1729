from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from .journal import Journal

ANSWER_SECONDS = 10.0
AGAIN_SECONDS = 0.2
OUTCOMES = ("job.succeeded", "job.failed", "job.cancelled")


def post(
    url: str, path: str, body: dict[str, Any], *, seconds: float = ANSWER_SECONDS
) -> dict[str, Any]:
    """The answer of a 200; anything else is an OSError."""
    host, _, port = url.partition(":")
    with closing(HTTPConnection(host, int(port), timeout=seconds)) as connection:
        try:
            connection.request("POST", path, json.dumps(body))
            answer = connection.getresponse()
            text = answer.read()
        except HTTPException as error:
            raise OSError(str(error)) from error
    if answer.status != 200:
        raise OSError(f"{answer.status}: {text[:200]!r}")
    found: dict[str, Any] = json.loads(text)
    return found


def send(url: str, journal: Journal, topic: str, channel: str, message: dict[str, Any]) -> str:
    """Have a job accepted, however often it takes; its id. Each acceptance is written down."""
    wanted = {"channel": channel, "message": message, "topic": topic}
    while True:
        try:
            job = str(post(url, "/send/", wanted)["id"])
        except OSError as error:
            # It may have been accepted: then its outcome is nobody's, and harms nobody.
            journal.write("refused", error=str(error))
            time.sleep(AGAIN_SECONDS)
            continue
        journal.write("accepted", job=job, topic=topic)
        return job


class Follower:
    """Follows topics over a websocket as docs/protocol.md asks, and writes every event down."""

    def __init__(self, url: str, journal: Journal, topics: Iterable[str]) -> None:
        self._url, self._journal = url, journal
        self._positions: dict[str, dict[str, Any] | None] = dict.fromkeys(topics)
        self._ended = threading.Event()
        threading.Thread(target=self._run, daemon=True, name="follower").start()

    def end(self) -> None:
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                with connect(f"ws://{self._url}/ws/", open_timeout=5, proxy=None) as socket:
                    self._follow(socket)
            except (OSError, TimeoutError, WebSocketException):
                time.sleep(AGAIN_SECONDS)

    def _follow(self, socket: ClientConnection) -> None:
        json.loads(socket.recv(timeout=10))
        for topic in self._positions:
            self._subscribe(socket, topic)
        while not self._ended.is_set():
            self._hear(socket, json.loads(socket.recv(timeout=25)))

    def _subscribe(self, socket: ClientConnection, topic: str) -> None:
        wanted = {"op": "subscribe", "id": topic, "topic": topic}
        if position := self._positions[topic]:
            wanted["since"] = position  # type: ignore[assignment]
        socket.send(json.dumps(wanted))

    def _hear(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        match frame["op"]:
            case "ping":
                socket.send(json.dumps({"op": "pong", "n": frame["n"]}))
            case "subscribed":
                self._begin(frame)
            case "event" | "events":
                for event in frame.get("events", [frame]):
                    self._take(socket, frame["topic"], event)
            case "error" if frame.get("temporary"):
                time.sleep(frame["retry_ms"] / 1_000)
                self._subscribe(socket, frame["id"])
            case "gap" | "error":
                self._journal.write("hole", frame=frame)

    def _begin(self, frame: dict[str, Any]) -> None:
        topic, before = frame["topic"], self._positions[frame["topic"]]
        if before and not frame["recovered"]:
            self._journal.write("hole", frame=frame)
        if before is None or not frame["recovered"] or not before["epoch"]:
            mid = before["mid"] if before else ""
            self._positions[topic] = {"epoch": frame["epoch"], "seq": frame["seq"], "mid": mid}

    def _take(self, socket: ClientConnection, topic: str, event: dict[str, Any]) -> None:
        position = self._positions[topic]
        if event.get("seq") is None or position is None or event["seq"] <= position["seq"]:
            return
        if event["seq"] > position["seq"] + 1:
            self._subscribe(socket, topic)
            return
        position.update(seq=event["seq"], mid=event["mid"])
        data = event["data"]
        seen = {"type": event["type"], "job": data.get("job"), "reply": data.get("reply")}
        self._journal.write("event", topic=topic, seq=event["seq"], **seen)
