"""Rows of clients that keep to no protocol, beside some that do."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from .rows import row
from .scene import Found, Scene, scene
from .site import Site

ANSWER_SECONDS = 10.0
SUBSCRIBES = 10_000
#: Characters of a fragment.
PIECE = 100

#: Frames after which a socket is closed, with the code that says why.
CLOSED: dict[str, tuple[str | bytes, int]] = {
    "no JSON": ("{", 4500),
    "no object": ("[1]", 4500),
    "no op": ('{"id":1}', 4500),
    "op of another kind": ('{"op":7}', 4500),
    "NaN": ('{"op":"publish","data":NaN}', 4500),
    "a number of 5,000 digits": ('{"op":"publish","data":' + "9" * 5_000 + "}", 4500),
    "nested too deep": ("[" * 50_000, 4500),
    "binary": (b"\x00\xff", 4500),
    "empty": ("", 4500),
    "over the limit": (json.dumps({"op": "publish", "data": "x" * 70_000}), 4500),
    "pong without a number": ('{"op":"pong"}', 4500),
}
_PUBLISH = {"op": "publish", "topic": "{topic}", "mid": "x1", "type": "message", "data": 1}
#: Frames that get an `error`, with its code; {topic} is that of the row.
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown op": ({"op": "destroy"}, "unknown_op"),
    "no topic": ({"op": "subscribe"}, "bad_request"),
    "a topic that can be none": ({"op": "subscribe", "topic": "../etc"}, "bad_request"),
    "a topic of text and NUL": ({"op": "subscribe", "topic": "faults.\0"}, "bad_request"),
    "a topic without a rule": ({"op": "subscribe", "topic": "secret.plans"}, "denied"),
    "someone else's topic": ({"op": "subscribe", "topic": "own.{owner}"}, "denied"),
    "since of another kind": (
        {"op": "subscribe", "topic": "{topic}", "since": [1]}, "bad_request"
    ),
    "a seq too large": (
        {"op": "subscribe", "topic": "{topic}", "since": {"epoch": "", "seq": 2**70}},
        "bad_request",
    ),
    "a server's type": (_PUBLISH | {"type": "job.succeeded"}, "reserved"),
    "a server's whisper": (_PUBLISH | {"op": "whisper", "type": "presence.join"}, "reserved"),
    "a type that is not granted": (_PUBLISH | {"type": "order"}, "denied"),
    "data too large": (_PUBLISH | {"data": "x" * 40_000}, "too_large"),
    "data nested 70 deep": (_PUBLISH | {"data": json.loads("[" * 70 + "]" * 70)}, "bad_request"),
    "data of text and NUL": (_PUBLISH | {"data": {"text": "\0"}}, "bad_request"),
    "half a character": (_PUBLISH | {"data": "\ud800"}, "bad_request"),
    "a mid of the wrong kind": (_PUBLISH | {"mid": "a b"}, "bad_request"),
}  # fmt: skip


@row("garbage, mistyped and oversized frames, others' topics")
async def garbage(site: Site, found: Found) -> None:
    owner = (await site.publisher.do("sign_in", name="owner"))["visitor"]
    guest = (await site.publisher.do("sign_in", name="vandal"))["cookie"]
    async with _undisturbed(site, found, "garbage") as play:
        for name, (frame, code) in CLOSED.items():
            ended = await _ended(site, frame)
            found.say(f"{name}: closed with {ended}", good=ended == code)
        async with _opened(site, guest) as socket:
            for name, (wanted, error) in REFUSED.items():
                answer = await _asked(socket, _of(wanted, play.topic, owner))
                found.say(f"{name}: {answer.get('code')}", good=answer.get("code") == error)
        for _ in range(50):
            # Whatever bytes may come, somebody else's socket is not their concern.
            await _ended(site, os.urandom(200).decode("latin-1"))
    if found.good:
        found.texts[:-3] = [f"{len(CLOSED)} kinds closed, {len(REFUSED)} refused by their codes"]


@row("a forged author")
async def forged(site: Site, found: Found) -> None:
    vandal = await site.publisher.do("sign_in", name="vandal")
    async with scene(site, "forged", found) as play, _opened(site, vandal["cookie"]) as socket:
        play.follow(2)
        await play.all_subscribed()
        data = {"sent": 0, "by": {"id": "u1"}}
        forged = {"by": {"id": "u1", "name": "root"}, "seq": 99, "visitor": "u1"}
        answer = await _asked(socket, _of(_PUBLISH | {"data": data} | forged, play.topic))
        found.say("taken as its own first event", good=answer.get("seq") == 1)
        await play.publish(3)
        await play.judge()
        authors = [line["by"] for line in play.written()["client0"] if line["what"] == "event"]
        stamped = {"id": vandal["visitor"], "name": "vandal"}
        found.say("stamped by the server", good=authors == [stamped, None, None, None])


@row(f"{SUBSCRIBES} subscribes at once")
async def subscribes(site: Site, found: Found) -> None:
    async with _undisturbed(site, found, "subscribes"):
        topics = [f"faults.t{n}" for n in range(SUBSCRIBES)]
        # A client that had no turn for a second finds its line reset, and no code: once more.
        one = await _flooded(site, topics) or await _flooded(site, topics)
        # A server that keeps pace with its client counts topics before operations that wait.
        found.say(f"without waiting: closed with {one}", good=one in (4006, 4504))
        codes = Counter([await _paced(site) for _ in range(3)])
        found.say(f"in step: closed with {dict(codes)}", good=set(codes) == {4504})


@asynccontextmanager
async def _undisturbed(site: Site, found: Found, name: str) -> AsyncIterator[Scene]:
    """Neighbours on the same server, who get every event, and soon."""
    async with scene(site, name, found) as play:
        play.follow(3, site.ports[0])
        await play.all_subscribed()
        enough = asyncio.Event()
        publishing = asyncio.create_task(_publish_on(play, enough))
        try:
            yield play
        finally:
            enough.set()
            await publishing
        await play.judge()
        stayed = all(client.opened == 1 for client in play.clients)
        found.say("the neighbours stayed", good=stayed)
        worst = max(
            line["at"] - line["sent"]
            for client in play.clients
            for line in play.written()[client.name]
            if line["what"] == "event"
        )
        found.say(f"each of their events came within {worst:.2f} s", good=worst < 2.0)


async def _publish_on(play: Scene, enough: asyncio.Event) -> None:
    while not enough.is_set():
        await play.publish(1, every=0.02)


def _of(frame: dict[str, Any], topic: str, owner: str = "") -> dict[str, Any]:
    names = {"{topic}": topic, "own.{owner}": f"own.{owner}"}
    if frame.get("topic") in names:
        frame = frame | {"topic": names[frame["topic"]]}
    return {"id": 1} | frame


def _opened(site: Site, cookie: str = "") -> connect:
    headers = {"Cookie": cookie} if cookie else {}
    address = f"ws://127.0.0.1:{site.ports[0]}/ws/"
    return connect(
        address, additional_headers=headers, open_timeout=10, close_timeout=0.2, proxy=None,
        compression=None,
    )  # fmt: skip


async def _asked(socket: ClientConnection, frame: dict[str, Any]) -> dict[str, Any]:
    """The server's answer to a frame that has an id; it goes in pieces, as a websocket's may."""
    text = json.dumps(frame)
    await socket.send(text[at : at + PIECE] for at in range(0, len(text), PIECE))
    async with asyncio.timeout(ANSWER_SECONDS):
        while True:
            answer: dict[str, Any] = json.loads(await socket.recv())
            if answer["op"] == "ping":
                await socket.send(json.dumps({"op": "pong", "n": answer["n"]}))
            elif answer["op"] in ("ok", "error", "subscribed"):
                return answer


async def _ended(site: Site, frame: str | bytes) -> int | None:
    """The code with which the server closes after this frame; a `bye` has to say it before."""
    async with _opened(site) as socket:
        await socket.recv()
        await socket.send(frame)
        return await _end_of(socket)


async def _end_of(socket: ClientConnection) -> int | None:
    said = None
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                heard = json.loads(await socket.recv())
                said = heard["code"] if heard["op"] == "bye" else said
    except ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd else None
        return code if code == said else None
    except TimeoutError:
        return None


async def _flooded(site: Site, topics: list[str]) -> int | None:
    """Ask for all of them without waiting for an answer."""
    async with _opened(site) as socket:
        try:
            for number, topic in enumerate(topics):
                await socket.send(json.dumps({"op": "subscribe", "id": number, "topic": topic}))
                # Daphne resets the connection of whoever does not hear its close within a second.
                await asyncio.sleep(0)
        except ConnectionClosed:
            pass
        return await _end_of(socket)


async def _paced(site: Site) -> int | None:
    """Ask for one topic after the other."""
    async with _opened(site) as socket:
        await socket.recv()
        try:
            for number in range(SUBSCRIBES):
                topic = f"faults.t{number}"
                if (
                    await _asked(socket, {"op": "subscribe", "id": number, "topic": topic})
                ) is None:
                    break
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None
        return None
