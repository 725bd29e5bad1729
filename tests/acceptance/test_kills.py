"""Uploads while the worker's children are killed, on the embedded SQLite."""

from __future__ import annotations

import json
import os
import signal
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.request import HTTPCookieProcessor, OpenerDirector, ProxyHandler, Request, build_opener

from tests import services
from tests.acceptance.gallery import photos
from tests.acceptance.site import Site, running

KILLS = 20
BOUNDARY = "a-part-of-a-form"


def test_every_accepted_upload_ends_although_children_are_killed(
    site_folder: Path, tmp_path: Path
) -> None:
    photo = photos(tmp_path, 1)[0].read_bytes()
    with running(site_folder) as site:
        cookies = CookieJar()
        program = build_opener(ProxyHandler({}), HTTPCookieProcessor(cookies))
        program.open(f"{site.url}/images/", timeout=20).close()
        accepted = []
        for _ in range(KILLS):
            accepted += [upload(program, cookies, site, photo) for _ in range(2)]
            services.until(lambda: children(site), what="a child of the worker")
            os.kill(children(site)[0], signal.SIGKILL)

        services.until(lambda: not under_way(program, site), seconds=90, what="end of all jobs")
        found = {image["id"]: image["state"] for image in images(program, site)}
    assert found == dict.fromkeys(accepted, "succeeded")


def upload(program: OpenerDirector, cookies: CookieJar, site: Site, photo: bytes) -> str:
    """The id of the accepted image."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = head.encode() + photo + f"\r\n--{BOUNDARY}--\r\n".encode()
    request = Request(  # noqa: S310 - our own
        f"{site.url}/images/",
        data=body,
        headers={
            "Accept": "application/json",
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            # With cookies a program is as a browser: it shows the token that the page gave.
            "X-CSRFToken": next(one.value or "" for one in cookies if one.name == "csrftoken"),
        },
    )
    with program.open(request, timeout=20) as answer:
        assert answer.status == 201
        return str(json.load(answer)["images"][0]["id"])


def images(program: OpenerDirector, site: Site) -> list[dict[str, Any]]:
    request = Request(f"{site.url}/images/", headers={"Accept": "application/json"})  # noqa: S310
    with program.open(request, timeout=20) as answer:
        found: list[dict[str, Any]] = json.load(answer)["images"]
    return found


def under_way(program: OpenerDirector, site: Site) -> list[str]:
    states = [image["state"] for image in images(program, site)]
    return [state for state in states if state in ("queued", "running", "retrying")]


def children(site: Site) -> list[int]:
    main = site.pid("worker1")
    text = Path(f"/proc/{main}/task/{main}/children").read_text()
    return [int(child) for child in text.split()]
