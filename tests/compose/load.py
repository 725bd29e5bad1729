"""People who upload and chat through nginx all the while, and what each of them has seen."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, build_opener
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.unit.thumbnailer import pictures

ROOM = "lobby"
TOPIC = f"chat.{ROOM}"
BOUND_SECONDS = 120.0
TALK_SECONDS = 180.0
_open = build_opener().open


class Talker:
    """Writes in the room and hears it, over as many connections as it takes.

    The last message waits for `may_end`: what happens before that happens to a talker.
    """

    def __init__(self, address: str, count: int, may_end: threading.Event | None = None) -> None:
        self._address = address
        self.cookie = cookie(f"http://{address}/chat/{ROOM}/")
        self.unsent = [str(uuid4()) for _ in range(count)]
        self.sent: list[str] = []
        self.heard: list[str] = []
        self.lost = 0
        self._may_end = may_end
        self._since: dict[str, Any] | None = None

    async def talk(self, everybody: int) -> None:
        """Until all of one's own are accepted and `everybody`'s are heard."""
        while self.unsent or len(self.heard) < everybody:
            try:
                headers = {"Cookie": self.cookie, "Origin": f"http://{self._address}"}
                url = f"ws://{self._address}/ws/"
                async with connect(url, additional_headers=headers, proxy=None) as socket:
                    await self._converse(socket, everybody)
            except (OSError, WebSocketException, TimeoutError):
                self.lost += 1
                await asyncio.sleep(0.2)

    async def _converse(self, socket: ClientConnection, everybody: int) -> None:
        since = {} if self._since is None else {"since": self._since}
        await self._tell(socket, op="subscribe", id="s", topic=TOPIC, **since)
        while self.unsent or len(self.heard) < everybody:
            frame = json.loads(await asyncio.wait_for(socket.recv(), 30))
            await self._take(socket, frame)

    async def _take(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        match frame["op"]:
            case "ping":
                await self._tell(socket, op="pong", n=frame["n"])
            case "subscribed":
                assert self._since is None or frame["recovered"], frame
                self._since = {"epoch": frame["epoch"], "seq": frame["seq"]}
                await self._say_next(socket)
            case "ok":
                self.sent.append(self.unsent.pop(0))
                await asyncio.sleep(0.05)
                if len(self.unsent) == 1 and self._may_end is not None:
                    await asyncio.to_thread(self._may_end.wait, BOUND_SECONDS)
                await self._say_next(socket)
            case "event":
                self._hear(frame)
            case "events":
                for event in frame["events"]:
                    self._hear(event)
            case "error":
                assert frame.get("temporary"), frame
                await self._say_next(socket)

    def _hear(self, event: dict[str, Any]) -> None:
        if "seq" not in event or self._since is None:
            return
        assert event["seq"] == self._since["seq"] + 1, (event, self._since)
        self._since = {**self._since, "seq": event["seq"], "mid": event["mid"]}
        if event["type"] == "message":
            self.heard.append(event["data"]["id"])

    async def _say_next(self, socket: ClientConnection) -> None:
        if self.unsent:
            mid = self.unsent[0]
            data = {"id": mid, "text": f"It is {mid}."}
            await self._tell(
                socket, op="publish", id="p", topic=TOPIC, mid=mid, type="message", data=data
            )

    @staticmethod
    async def _tell(socket: ClientConnection, **frame: Any) -> None:
        await socket.send(json.dumps(frame))


async def talk(people: Sequence[Talker]) -> None:
    """Until everybody has heard what all of them had to say."""
    wanted = sum(len(person.unsent) for person in people)
    async with asyncio.timeout(TALK_SECONDS):
        await asyncio.gather(*(person.talk(wanted) for person in people))


class Uploader:
    """Uploads photos one after the other; one that was not answered is sent again, as it was."""

    def __init__(self, address: str, count: int, *, scheme: str = "http") -> None:
        self._url = f"http://{address}/images/"
        # What stands before nginx says how it was asked.
        self._front = {"X-Forwarded-Proto": scheme}
        self._origin = f"{scheme}://{address}"
        self.cookie = cookie(self._url, **self._front)
        self.wanted = [str(uuid4()) for _ in range(count)]
        self.again = 0

    def upload_all(self) -> None:
        for number, id in enumerate(self.wanted):
            body = pictures.photo(1200 + number, 900)
            while not self._upload(id, body):
                self.again += 1

    def states(self) -> Counter[str]:
        """How many of the accepted are in which state; done only with all thumbnails."""
        _, images = self._ask("GET")
        of_id = {image["id"]: image for image in images["images"]}
        assert set(of_id) == set(self.wanted)
        for image in of_id.values():
            assert image["state"] != "succeeded" or len(image["thumbnails"]) == 4, image
        return Counter(image["state"] for image in of_id.values())

    def _upload(self, id: str, photo: bytes) -> bool:
        mark = uuid4().hex
        parts = [f"--{mark}", 'Content-Disposition: form-data; name="id"', "", id, f"--{mark}"]
        parts += ['Content-Disposition: form-data; name="image"; filename="a.jpg"', "", ""]
        body = "\r\n".join(parts).encode() + photo + f"\r\n--{mark}--\r\n".encode()
        try:
            status, _ = self._ask("POST", body, f"multipart/form-data; boundary={mark}")
        except HTTPError as error:
            if error.code in (502, 504):
                return False
            raise
        except (OSError, HTTPException):
            return False
        return status == 201

    def _ask(self, method: str, body: bytes | None = None, kind: str = "") -> tuple[int, Any]:
        headers = {"Accept": "application/json", "Content-Type": kind, **self._front}
        headers["Cookie"] = self.cookie
        headers["X-CSRFToken"] = self.cookie.partition("csrftoken=")[2].partition(";")[0]
        headers["Origin"] = self._origin
        headers["Referer"] = f"{self._origin}/images/"
        request = Request(self._url, body, headers, method=method)  # noqa: S310 - our own
        with _open(request, timeout=60) as answer:
            return answer.status, json.load(answer)


def cookie(url: str, **headers: str) -> str:
    """The cookies that a page gives somebody new."""
    with _open(Request(url, headers=headers), timeout=30) as answer:  # noqa: S310 - our own
        answer.read()
        return "; ".join(
            given.partition(";")[0] for given in answer.headers.get_all("Set-Cookie", [])
        )
