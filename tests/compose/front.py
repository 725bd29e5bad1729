"""The composition's front door as a visitor finds it: nginx, published on one port."""

from __future__ import annotations

from email.message import Message
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

PORT = 8000
ADDRESS = f"127.0.0.1:{PORT}"
URL = f"http://{ADDRESS}"


class _Stay(HTTPRedirectHandler):
    """A redirect is an answer like any other."""

    def redirect_request(self, *_: Any) -> None:
        return None


open_ = build_opener(_Stay).open


def request(path: str, **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(URL + path, headers=named)  # noqa: S310 - our own


def status(path: str, **headers: str) -> int:
    return status_of(request(path, **headers))


def status_of(asked: Request) -> int:
    return answer_of(asked)[0]


def answer_of(asked: Request) -> tuple[int, Message]:
    """Its status and its headers."""
    try:
        with open_(asked, timeout=30) as answer:
            answer.read()
            return int(answer.status), answer.headers
    except HTTPError as error:
        return error.code, error.headers
