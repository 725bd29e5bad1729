"""A reader of event streams: Python's own HTTP client, and a parser of its lines."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from tests.unit.topics.eventstream import Event, Parser

PATIENCE_SECONDS = 20.0


class Stream:
    """One GET of `/events/`."""

    def __init__(self, port: int, path: str, **headers: str) -> None:
        self._http = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        self._http.request("GET", path, headers=headers)
        self._answer: HTTPResponse = self._http.getresponse()
        self.status = self._answer.status
        self.headers = self._answer.headers
        self.seqs: list[int] = []
        self.parser = Parser()
        lines = (line.decode().rstrip("\n") for line in iter(self._answer.readline, b""))
        self._events = self.parser.events(lines)

    def refusal(self) -> dict[str, Any]:
        """What a response that is no stream says."""
        found: dict[str, Any] = json.loads(self._answer.read())["error"]
        return found

    def next(self) -> Event | None:
        """The next event; None when the response has ended."""
        event = next(self._events, None)
        if event is not None and event.name == "message" and "seq" in event.data:
            self.seqs.append(event.data["seq"])
        return event

    def until(self, name: str) -> Event:
        """The next event of this name; what comes before it is taken as well."""
        while (event := self.next()) is not None:
            if event.name == name:
                return event
        raise AssertionError(f"the response ended before an event named {name!r}")

    def until_seq(self, seq: int) -> None:
        while not self.seqs or self.seqs[-1] < seq:
            self.until("message")

    def rest(self) -> list[Event]:
        """Everything to the response's end."""
        return list(iter(self.next, None))

    def close(self) -> None:
        self._answer.close()
        self._http.close()
